"""A real Chromium for the tests of pages, where there is one: `chromium` of the system, driven by Playwright."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Any

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


# Of a module, not of the session: while it is open no other event loop can run in this thread.
@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    sync_api = pytest.importorskip("playwright.sync_api")
    if CHROMIUM is None:
        pytest.skip("there is no Chromium on this machine")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def tab(chromium: Any) -> Iterator[Any]:
    """A tab in which every error, dialog and request to elsewhere fails the test."""
    page = chromium.new_page(viewport={"width": 1100, "height": 900})
    page.set_default_timeout(10_000)
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(f"error: {error}"))
    page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    page.on("dialog", lambda dialog: (wrong.append(f"dialog: {dialog.message}"), dialog.dismiss()))
    yield page
    page.close()
    assert wrong == []


def serious_violations(page: Any) -> list[str]:
    """What axe-core finds that would keep people out."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    # The script is put in by the driver, which the page's own policy doesn't concern.
    found = axe.run(page).response["violations"]
    return [f"{v['id']}: {v['nodes'][0]['html'][:200]}" for v in found if v["impact"] in ("serious", "critical")]
