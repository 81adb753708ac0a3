from ide_server.host.environments.registries import registries

CONFIGURED = """\
:env:.extra-index-url='https://other/simple https://user:hunter2@third/simple'
global.index-url='https://user:hunter2@packages/simple'
global.find-links='/wheels https://more/wheels'
user.nothing='of ours'
"""


def test_what_pip_is_configured_for_is_said_to_uv() -> None:
    found = registries(CONFIGURED)
    assert found.arguments == (
        *("--index-strategy", "unsafe-best-match"),
        *("--find-links", "/wheels", "--find-links", "https://more/wheels"),
    )
    assert found.index_urls == (
        "https://user:hunter2@packages/simple",
        "https://other/simple",
        "https://user:hunter2@third/simple",
    )


def test_a_password_for_a_registry_is_in_no_command_line() -> None:
    found = registries(CONFIGURED)
    assert "hunter2" not in " ".join(found.arguments)
    assert found.addresses == {
        "UV_DEFAULT_INDEX": "https://user:hunter2@packages/simple",
        "UV_INDEX": "https://other/simple https://user:hunter2@third/simple",
    }
    assert registries("").addresses == {}
