"""A place to run client scripts at: their tree, a state folder, and a record for them."""

from __future__ import annotations

import io
import logging
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from pharma_assets.model.client_month import Client, ClientMonth
from pharma_assets.model.provider import Provider
from pharma_assets.model.status import Status
from pharma_assets.scripts.found import Script, find_scripts
from pharma_assets.scripts.run import ScriptFile, run_script, said
from pharma_assets.scripts.task import Task
from pharma_assets.settings import Settings

MOSCOW = ZoneInfo("Europe/Moscow")
WHEN = datetime(2025, 7, 1, 9, 30, tzinfo=MOSCOW)
WRITES = """
import os
name = f"Client_21_id{os.environ['TASK_ID']}_june_20250701_093000.csv"
def write(folder="Итоговые отчёты", name=name, content="tms\\nЦитрамон\\n"):
    with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
        file.write(content)
"""


def record(client: str = "Client_21", provider: Provider = Provider.DISTRIBUTOR, name: str = "june.csv") -> Task:
    """Record 17 of the registry."""
    month = ClientMonth(Client(provider, client), 2025, 6)
    path = f"Поставщики данных/{provider.folder}/2025/06/{client}/Type1/{name}"
    return Task(17, path, month, "Type1", Status.NEW, WHEN, WHEN)


@dataclass
class Bench:
    """Scripts below `root`; `heard` is what they have said, but for what is said of their start and end."""

    home: Path
    settings: dict[str, Any] = field(default_factory=dict)
    heard: list[str] = field(default_factory=list)

    @property
    def root(self) -> Path:
        return self.home / "Scripts"

    @property
    def runs(self) -> Path:
        return self.home / "script-runs"

    def script(self, code: str, client: str = "Client_21") -> Script:
        """A script of this text; `write()` in it leaves a file as it should be."""
        file = self.root / "Distibutors" / client / f"{client}_processing.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(WRITES + textwrap.dedent(code), encoding="utf-8")
        return find_scripts(self.root)[Client(Provider.DISTRIBUTOR, client)]

    def run(self, script: Script | str, source: bytes = b"source", task: Task | None = None) -> ScriptFile:
        found = self.script(script) if isinstance(script, str) else script
        settings = Settings(home=self.home, **{"script_seconds": 60, **self.settings})
        with self._listening():
            return run_script(settings, found, task or record(), nullcontext(io.BytesIO(source)), self.runs)

    @contextmanager
    def _listening(self) -> Iterator[None]:
        class Listener(logging.Handler):
            def emit(_, record: logging.LogRecord) -> None:  # noqa: N805
                if record.msg == "%s":
                    self.heard.append(record.getMessage())

        listener = Listener()
        said.setLevel(logging.INFO)
        said.addHandler(listener)
        try:
            yield
        finally:
            said.removeHandler(listener)
