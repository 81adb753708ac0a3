import argparse
import dataclasses
from pathlib import Path

import pytest

from ide_server.settings import Settings, derived_run_dir, limit_files


def read(*arguments: str, environ: dict[str, str] | None = None) -> Settings:
    parser = argparse.ArgumentParser()
    Settings.add_to(parser, environ or {})
    return Settings.of(parser.parse_args(arguments))


def test_the_command_line_wins_over_the_environment() -> None:
    assert read("--port=1", environ={"SLIPWAY_PORT": "2"}).port == 1
    assert read(environ={"SLIPWAY_PORT": "2"}).port == 2
    assert read().port == 8000


def test_a_childs_environment_reads_back_as_the_same_settings(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, port=1234, public_url="https://a.example", train_seconds=0.5, runtime="crun")
    assert read(environ=settings.environment()) == settings


@pytest.mark.parametrize(
    ("arguments", "environ", "said"),
    [
        (["--port=x"], {}, "--port: invalid int value: 'x'"),
        (["--reachable-networks=10.1.2.3/24"], {}, "--reachable-networks: expected networks such as 10.1.2.0/24"),
        ([], {"SLIPWAY_PORT": "x"}, "--port: invalid int value: 'x'"),
        (["--runtime=docker"], {}, "--runtime: expected one of runc, crun, runsc, got 'docker'"),
        ([], {"SLIPWAY_NETWORK": "host"}, "--network: expected one of slirp4netns, none, got 'host'"),
    ],
)
def test_a_wrong_value_is_refused_with_what_was_expected(
    arguments: list[str], environ: dict[str, str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        read(*arguments, environ=environ)
    assert said in capsys.readouterr().err


def test_every_setting_has_a_help_line_and_an_accepted_default() -> None:
    assert [field.name for field in dataclasses.fields(Settings) if not field.metadata["help"].endswith(".")] == []
    assert read() == Settings()


@pytest.mark.parametrize(
    ("changes", "url"),
    [
        ({}, "http://127.0.0.1:8000"),
        ({"host": "0.0.0.0", "port": 80}, "http://127.0.0.1:80"),
        ({"host": "::"}, "http://[::1]:8000"),
        ({"host": "ide.local"}, "http://ide.local:8000"),
        ({"public_url": "https://ide.example/"}, "https://ide.example"),
    ],
)
def test_the_url_people_reach_the_server_by(changes: dict[str, str], url: str) -> None:
    assert dataclasses.replace(Settings(), **changes).url == url  # type: ignore[arg-type]  # fields of several types


def test_the_folder_of_sockets_is_short_whatever_the_folder_of_data(tmp_path: Path) -> None:
    deep = tmp_path / ("x" * 200)
    assert len(str(derived_run_dir(deep, {}))) < 60
    assert derived_run_dir(deep, {}) != derived_run_dir(tmp_path, {})


def test_a_filesystem_may_hold_a_file_per_8_kibibytes_and_at_least_1024() -> None:
    assert [limit_files(size) for size in (0, 1 << 20, 32 << 20)] == [1024, 1024, 4096]
