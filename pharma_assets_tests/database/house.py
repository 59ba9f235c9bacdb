"""A small platform in this process: an inbox, two clients of one layout, and what a test asks of them."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sqlalchemy import text

from pharma_assets.intake import take_in
from pharma_assets.loading.client_month import Work, work_on
from pharma_assets.loading.platform import Platform, open_platform
from pharma_assets.model.client_month import Client, ClientMonth
from pharma_assets.model.provider import Provider
from pharma_assets.settings import Settings
from pharma_assets.transforms.catalog import load_transforms

LAYOUT = """\
supplier: Ромашка
report_types: [Type1, Type2]
outside_month: 1
nil_report: true
overlap: allow
columns:
  Дата: {to: period, filled: true}
  Товар: {to: tms, filled: true}
  Количество: {to: amount_type_1, filled: true}
left_out:
  - {column: Количество, equals: 0, reason: zero quantity}
"""
HEADER = "Дата;Товар;Количество\n"
JUNE = HEADER + "02.06.2025;Цитрамон;2\n03.06.2025;Аспирин;5\n"
CLIENT = Client(Provider.DISTRIBUTOR, "Client_01")


@dataclass
class House:
    """An inbox and the platform over it."""

    inbox: Path
    platform: Platform

    def path(self, name: str, month: int = 6, report_type: str = "Type1", client: str = "Client_01") -> Path:
        leaf = f"Поставщики данных/Дистрибьюторы/2025/{month:02d}/{client}/{report_type}"
        path = self.inbox / leaf / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def drop(self, name: str, content: str | bytes = JUNE, **place: Any) -> Path:
        path = self.path(name, **place)
        # Anew and not in place, which would not move the folder's time.
        path.unlink(missing_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        os.utime(path, (time.time() - 100 + len(name), time.time() - 100 + len(name)))
        return path

    def tick(self) -> None:
        for request in take_in(self.platform, "test").requests:
            work_on(self.platform, request.client_month, "test", Work.NORMALIZE | Work.LOAD, rebuild=False)

    def rebuild(self, month: int = 6) -> None:
        work_on(self.platform, ClientMonth(CLIENT, 2025, month), "test", Work.NORMALIZE | Work.LOAD, rebuild=True)

    def files(self) -> dict[str, str]:
        """Name → status, or the reason."""
        query = "SELECT file_path, coalesce(error_reason, status) AS state FROM ops.file_registry"
        return {row.file_path.rpartition("/")[2]: row.state for row in self.query(query)}

    def rows(self) -> list[tuple[str, int]]:
        """The file and the sum of each loaded file's rows."""
        query = "SELECT filename_ish, sum(amount_type_1)::int AS packs FROM raw.primary_data GROUP BY 1"
        return sorted((row.filename_ish.rpartition("/")[2], row.packs) for row in self.query(query))

    def change(self, statement: str) -> None:
        """Something done by hand in the database."""
        with self.platform.engine.begin() as connection:
            connection.execute(text(statement))

    def change_layout(self, addition: str, layout: str = LAYOUT) -> None:
        """Another layout of Client_01 from now on."""
        folder = self.platform.settings.transforms
        (folder / "distributors" / "Client_01" / "layout.yaml").write_text(layout + addition, encoding="utf-8")
        self.reload_layouts()

    def reload_layouts(self) -> None:
        """What a tick of another process would do."""
        transforms = load_transforms(self.platform.settings.transforms)
        self.platform = replace(self.platform, transforms=transforms)

    def use_layouts(self, folder: Path) -> None:
        """The layouts of another folder from now on."""
        settings = self.platform.settings.model_copy(update={"transforms": folder})
        self.platform = replace(self.platform, settings=settings, transforms=load_transforms(folder))

    def query(self, statement: str) -> list[Any]:
        with self.platform.engine.connect() as connection:
            return list(connection.execute(text(statement)))


@contextmanager
def opened_house(tmp_path: Path, database: str) -> Iterator[House]:
    for client in ("Client_01", "Client_02"):
        layout = tmp_path / "transforms" / "distributors" / client / "layout.yaml"
        layout.parent.mkdir(parents=True)
        layout.write_text(LAYOUT, encoding="utf-8")
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    settings = Settings(
        home=tmp_path / "home",
        inbox=inbox,
        database_url=database,
        transforms=tmp_path / "transforms",
        settle_seconds=0,
    )
    with open_platform(settings) as platform:
        yield House(inbox, platform)
