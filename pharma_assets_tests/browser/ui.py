"""What the browser tests stand on: the demo's platform with its UI, a headless Chromium, a page in it."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.error import URLError
from urllib.request import Request, urlopen

import psutil
from selenium.common.exceptions import TimeoutException
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service as Driver
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.expected_conditions import element_to_be_clickable
from selenium.webdriver.support.wait import WebDriverWait

from pharma_assets.database.server import EmbeddedServer
from pharma_assets.services import Service, running, script

T = TypeVar("T")

SCREENSHOTS_VARIABLE = "PHARMA_SCREENSHOTS"
PATIENCE_SECONDS = 30
_FLAGS = (
    "--headless",
    "--no-sandbox",  # refuses to run as root otherwise
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Nothing but the platform is asked for anything.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)
_NO_SPINNER = "return document.querySelector('[class*=Spinner], .bp5-spinner') === null && document.fonts.status"


def missing_programs() -> list[str]:
    """The programs that the tests need and this machine lacks."""
    return [name for name in ("chromium", "chromedriver") if shutil.which(name) is None]


@contextmanager
def demo_ui() -> Iterator[tuple[str, str]]:
    """The URLs of UI and database of a platform that has just done the demo; nothing of it is left afterwards."""
    with tempfile.TemporaryDirectory(prefix="pharma-browser-") as folder, _log(Path(folder) / "log") as log:
        home = Path(folder) / "home"
        demo = [script("pharma-assets"), "demo", "--home", str(home)]
        own = {"PHARMA_HOME": str(home), "PHARMA_INBOX": str(home / "inbox"), "PHARMA_DATABASE_URL": ""}
        try:
            subprocess.run(demo, stdout=log, stderr=log, check=True)
            port = _free_port()
            url = f"http://127.0.0.1:{port}"
            up = Service("up", (script("pharma-assets"), "up", "--port", str(port)))
            with running(up, own, log) as process:
                _wait_for_answer(url, process)
                yield url, EmbeddedServer(home).url()
        finally:
            subprocess.run([*demo, "--remove"], stdout=log, stderr=log, check=True)
        _, alive = psutil.wait_procs(_processes_with(folder), timeout=PATIENCE_SECONDS)
        assert not alive, "processes are left"


@contextmanager
def chromium() -> Iterator[Chrome]:
    """A Chromium that has never run before."""
    # It writes to its home and temporary folder too, whatever its user-data-dir.
    with tempfile.TemporaryDirectory(prefix="pharma-chromium-", ignore_cleanup_errors=True) as folder:
        environment = {**os.environ, "HOME": folder, "TMPDIR": folder}
        options = ChromeOptions()
        options.binary_location = shutil.which("chromium") or ""
        for flag in (*_FLAGS, f"--user-data-dir={folder}/profile"):
            options.add_argument(flag)
        # With both paths given, selenium looks for no driver to download.
        driver = Chrome(options, Driver(executable_path=shutil.which("chromedriver"), env=environment))
        try:
            yield driver
        finally:
            driver.quit()


@dataclass(frozen=True)
class Page:
    """A tab of the browser on the UI. Everything that looks for something waits for it."""

    driver: Chrome
    url: str
    database: str

    def open(self, path: str, *texts: str) -> None:
        """Go to a page and see these texts on it."""
        self.driver.get(self.url + path)
        self.see(*texts)

    def see(self, *texts: str) -> None:
        """Fail unless all these texts are shown."""
        shown = ""

        def all_shown(driver: Chrome) -> bool:
            nonlocal shown
            shown = driver.find_element(By.TAG_NAME, "body").text
            return all(text in shown for text in texts)

        try:
            self._wait().until(all_shown)
        except TimeoutException:
            lacking = [text for text in texts if text not in shown]
            raise AssertionError(f"{lacking} not on {self.driver.current_url}:\n{shown}") from None

    def find(self, xpath: str) -> WebElement:
        return self._wait().until(lambda driver: driver.find_element(By.XPATH, xpath), f"no {xpath}")

    def find_all(self, xpath: str) -> list[WebElement]:
        """At least one."""
        return self._wait().until(lambda driver: driver.find_elements(By.XPATH, xpath), f"no {xpath}")

    def click(self, xpath: str) -> None:
        self._wait().until(element_to_be_clickable((By.XPATH, xpath)), f"cannot click {xpath}").click()

    def resize(self, width: int = 1600, height: int = 1000) -> None:
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)

    def widen(self) -> None:
        """Fold the navigation, so that less is cut off."""
        self.click("//*[text()='Hide navigation']")

    def screenshot(self, name: str) -> None:
        """Keep a picture of what is shown, if somebody wants pictures."""
        folder = os.environ.get(SCREENSHOTS_VARIABLE)
        if folder:
            self._wait().until(lambda driver: driver.execute_script(_NO_SPINNER) == "loaded", "still loading")
            Path(folder).mkdir(parents=True, exist_ok=True)
            self.driver.save_screenshot(str(Path(folder) / f"{name}.png"))

    def until(self, find: Callable[[], T]) -> T:
        """What is found, once anything is."""
        return self._wait().until(lambda _: find())

    def query(self, graphql: str) -> Any:
        """What the webserver answers to a GraphQL query."""
        return query(self.url, graphql)

    def _wait(self) -> WebDriverWait[Chrome]:
        return WebDriverWait(self.driver, PATIENCE_SECONDS, poll_frequency=0.1)


def query(url: str, graphql: str) -> Any:
    """The data that the webserver answers to a GraphQL query."""
    body = json.dumps({"query": graphql}).encode()
    request = Request(f"{url}/graphql", body, {"Content-Type": "application/json"})  # noqa: S310 - http, ours
    with urlopen(request, timeout=PATIENCE_SECONDS) as response:  # noqa: S310 - http, ours
        answer = json.load(response)
    assert "errors" not in answer, answer["errors"]
    return answer["data"]


@contextmanager
def _log(path: Path) -> Iterator[Any]:
    """A file for what programs print; pytest shows it when something goes wrong."""
    with path.open("w+b") as log:
        try:
            yield log
        except BaseException:
            print(path.read_text(encoding="utf-8", errors="replace")[-5000:])  # noqa: T201 - pytest captures it
            raise


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _wait_for_answer(url: str, process: subprocess.Popen[bytes]) -> None:
    """Until the webserver, which loads the definitions first, answers; fails if it ends instead."""
    for _ in range(PATIENCE_SECONDS * 5):
        with suppress(URLError, ConnectionError):
            query(url, "{ version }")
            return
        with suppress(subprocess.TimeoutExpired):
            raise AssertionError(f"`pharma-assets up` ended with {process.wait(0.2)}")
    raise AssertionError(f"{url} does not answer")


def _processes_with(folder: str) -> list[psutil.Process]:
    """The processes that have the folder in their arguments or environment."""
    found = []
    for process in psutil.process_iter(["cmdline", "environ"]):
        words = [*(process.info["cmdline"] or []), *(process.info["environ"] or {}).values()]
        if any(folder in word for word in words):
            found.append(process)
    return found
