"""What a launcher uses over time: rates, series that stay small, files."""

from pathlib import Path

import pytest

from ide_server.host.launchers.usage import KEPT_SAMPLES, LIVE_SAMPLES, Meter, Series, UsageLog, read_samples
from ide_server.host.sandbox import Usage
from ide_server.wire import LauncherUsage


def test_a_sample_says_how_many_processors_were_busy_since_the_one_before() -> None:
    meter = Meter(100.0)
    assert meter.add(101.0, Usage(0.5, 10, 1)) == LauncherUsage(101.0, 0.5, 10, 1)
    assert meter.add(103.0, Usage(4.5, 20, 2)) == LauncherUsage(103.0, 2.0, 20, 2)
    assert len(meter.samples) == 2


def test_a_reading_right_after_another_waits_for_the_next() -> None:
    meter = Meter(100.0)
    assert meter.add(100.1, Usage(3.0, 10, 1)) is None
    assert meter.add(101.0, Usage(3.0, 10, 1)) == LauncherUsage(101.0, 3.0, 10, 1)


def test_what_is_not_known_is_not_told() -> None:
    meter = Meter(0.0)
    assert meter.add(1.0, Usage(None, None, None)) == LauncherUsage(1.0, None, None, None)
    assert meter.add(2.0, Usage(9.0, 5, None)) == LauncherUsage(2.0, None, 5, None)
    assert meter.add(3.0, Usage(9.5, 5, None)) == LauncherUsage(3.0, 0.5, 5, None)


def test_a_meter_remembers_the_last_minutes_only() -> None:
    meter = Meter(0.0)
    for second in range(1, 2 * LIVE_SAMPLES):
        meter.add(float(second), Usage(0.0, second, 0))
    assert [meter.samples[0].time, meter.samples[-1].time] == [LIVE_SAMPLES, 2 * LIVE_SAMPLES - 1]


@pytest.mark.parametrize("seconds", [KEPT_SAMPLES - 1, KEPT_SAMPLES, 86_400])
def test_a_day_is_as_small_as_ten_minutes_and_keeps_its_peaks_its_average_and_its_end(seconds: int) -> None:
    series = Series()
    peak = seconds // 3
    for second in range(1, seconds + 1):
        series.append(LauncherUsage(second, 1.5, 1000 if second == peak else 10, second))
    samples = series.samples
    assert KEPT_SAMPLES // 2 <= len(samples) <= KEPT_SAMPLES
    assert samples[-1].time == seconds
    assert {sample.cpus for sample in samples} == {1.5}
    assert [sample.memory_bytes for sample in samples].count(1000) == 1
    times = [sample.time for sample in samples]
    assert times == sorted(set(times))


@pytest.mark.anyio
async def test_samples_are_read_as_they_were_written(tmp_path: Path) -> None:
    log = UsageLog(tmp_path)
    await log.write()
    assert read_samples(tmp_path) == []
    samples = [LauncherUsage(1.0, 0.5, 10, None), LauncherUsage(2.0, None, None, 3)]
    for sample in samples:
        await log.append(sample)
    await log.write()
    assert read_samples(tmp_path) == log.samples == samples


@pytest.mark.anyio
async def test_a_crash_takes_half_a_minute_at_most(tmp_path: Path) -> None:
    log = UsageLog(tmp_path)
    for second in range(100):
        await log.append(LauncherUsage(1000.0 + second, 0.5, 10, None))
    assert len(read_samples(tmp_path)) == 91


@pytest.mark.anyio
async def test_a_disk_without_room_ends_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    log = UsageLog(tmp_path / "missing")
    await log.append(LauncherUsage(1.0, 0.5, 10, None))
    await log.write()
    assert "could not be written" in caplog.text
