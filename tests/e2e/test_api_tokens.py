"""API tokens in the page: a secret is shown once, lets a program in, and no more once it is deleted."""

import httpx
from playwright.sync_api import Page, expect

from tests.support.server import Server


def status_with(secret: str, server: Server) -> int:
    headers = {"Authorization": f"Bearer {secret}"}
    return httpx.get(f"{server.url}/api/v1/models", headers=headers).status_code


def test_a_token_lets_a_program_in_until_it_is_deleted(page: Page, server: Server) -> None:
    page.get_by_role("button", name="API tokens").click()
    tokens = page.get_by_role("dialog", name="API tokens", exact=True)
    tokens.get_by_role("button", name="New token").click()
    form = page.get_by_role("dialog", name="New API token")
    form.get_by_label("Name").fill("Nightly")
    form.get_by_label("run").uncheck()
    form.get_by_label("It expires").select_option("never")
    form.get_by_role("button", name="Create token").click()

    nightly = tokens.get_by_role("listitem", name="Nightly")
    expect(nightly).to_contain_text("read · created just now · never expires · never used")
    secret = tokens.get_by_role("status").get_by_role("code").inner_text()
    assert status_with(secret, server) == 200

    tokens.get_by_role("button", name="Close").click()
    page.get_by_role("button", name="API tokens").click()
    expect(nightly).to_contain_text("last used")
    expect(tokens.get_by_text(secret)).to_have_count(0)

    nightly.get_by_role("button", name="Delete Nightly").click()
    page.get_by_role("button", name="Delete token").click()
    expect(nightly).to_have_count(0)
    assert status_with(secret, server) == 401
