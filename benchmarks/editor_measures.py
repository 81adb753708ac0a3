"""What the parts of the editor benchmark share: what a measure is, and how a table shows it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Measure:
    name: str
    unit: str
    found: Mapping[str, float]
    """By who was measured; slipway first."""
    ratios: Mapping[str, float]
    """Of slipway to the others."""
    bar: str = ""
    passed: bool | None = None
    """None where there is no bar."""
    note: str = ""


def compared(name: str, unit: str, found: Mapping[str, float], bars: Mapping[str, float]) -> Measure:
    """`bars` are the highest ratios allowed. A bar against what could not be had is neither met nor missed."""
    ours = found["slipway"]
    ratios = {other: ours / value for other, value in found.items() if other != "slipway"}
    known = {other: highest for other, highest in bars.items() if other in ratios}
    bar = ", ".join(f"at most {highest:g} of {other}" for other, highest in known.items())
    passed = all(ratios[other] <= highest for other, highest in known.items()) if known else None
    return Measure(name, unit, found, ratios, bar, passed)


def at_most(name: str, unit: str, found: Mapping[str, float], highest: float) -> Measure:
    return Measure(name, unit, found, {}, f"at most {highest:g} {unit}", found["slipway"] <= highest)


def skipped(name: str, why: str) -> Measure:
    return Measure(name, "", {}, {}, note=f"skipped: {why}")


def table(measures: Iterable[Measure]) -> Iterable[str]:
    yield f"{'measure':<22} {'slipway':>9} {'jupyterlab':>11} {'code-server':>12}  {'unit':<9} bar"
    for each in measures:
        cells = (
            f"{each.found[name]:>{width}.1f}" if name in each.found else " " * width
            for name, width in (("slipway", 9), ("jupyterlab", 11), ("code-server", 12))
        )
        state = "" if each.passed is None else f"{'met' if each.passed else 'MISSED'}: {each.bar}"
        yield f"{each.name:<22} {' '.join(cells)}  {each.unit:<9} {state}{each.note}".rstrip()
