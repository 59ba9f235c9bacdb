"""One platform that has done the demo, for all tests here; a new browser for each."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pharma_assets_tests.browser.ui import Page, chromium, demo_ui, missing_programs


@pytest.fixture(scope="session")
def ui() -> Iterator[tuple[str, str]]:
    missing = missing_programs()
    if missing:
        pytest.skip(f"no {' and '.join(missing)} on this machine (Debian: apt install chromium chromium-driver)")
    with demo_ui() as urls:
        yield urls


@pytest.fixture
def page(ui: tuple[str, str]) -> Iterator[Page]:
    with chromium() as driver:
        new = Page(driver, *ui)
        new.resize()
        yield new
