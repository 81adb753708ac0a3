"""That what is tested is what people run."""

import importlib
import importlib.machinery
import importlib.util

import pytest

from hatch_build import COMPILED


@pytest.mark.parametrize("name", COMPILED)
def test_a_module_that_requests_pass_through_is_compiled(name: str) -> None:
    if importlib.util.find_spec("fsquota.compiled__mypyc") is None:
        pytest.skip("fsquota is not compiled: scripts/test compiles it")
    spec = importlib.import_module(f"fsquota.{name}").__spec__
    assert spec is not None
    assert isinstance(spec.loader, importlib.machinery.ExtensionFileLoader)
