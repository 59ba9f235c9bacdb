"""Which file a row of another program's `raw.primary_data` came from. Pure: what the row says in, a file out.

Never a guess between two: where a row's file cannot be told, the row gets a file of its own kind, below NOWHERE, which
says what was written where the file's path should stand.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from pharma_assets.loading.adoption.places import Places, Tail, folded, name_of, slashed, stem_of, tail_of
from pharma_assets.loading.adoption.registry import Adopted
from pharma_assets.loading.result_file import owner_ids
from pharma_assets.model.client_month import Client, ClientMonth
from pharma_assets.model.provider import Provider
from pharma_assets.model.report_path import Leaf
from pharma_assets.model.status import Status
from pharma_assets.registry.files import NOWHERE

UNKNOWN = "?"


class Origin(NamedTuple):
    """What rows say of where they come from; `month`: of their period, None where that says none."""

    filename_ish: str | None
    filename_result: str | None
    provider: str | None
    client: str | None
    month: date | None


class How(StrEnum):
    """How a row's file was found."""

    PATH = "by its path"
    ID = "by the id in the result's name"
    NAME = "by its name, which no other file of the client has"
    UNREGISTERED = "by its path, in no registry till now"
    NONE = "no file known"


class Matcher:
    """Finds the file of each origin; `added` are those that no registry had."""

    def __init__(self, files: Sequence[Adopted], places: Places, first_month: date) -> None:
        self.added: list[Adopted] = []
        self._places = places
        self._first_month = first_month
        self._next_id = max((file.id for file in files), default=0) + 1
        self._by_id: dict[int, Adopted] = {}
        self._by_tail: dict[str, Adopted] = {}
        self._by_key: dict[str, list[Adopted]] = defaultdict(list)
        self._by_name: dict[str, list[Adopted]] = defaultdict(list)
        self._by_path: dict[str, Adopted] = {}
        for file in files:
            self._know(file)

    def _know(self, file: Adopted) -> None:
        self._by_id[file.id] = file
        self._by_path[file.path] = file
        tail = tail_of(file.path)
        # What has no place of its own is never the place of other rows.
        if tail is not None and not file.path.startswith(f"{NOWHERE}/"):
            self._by_tail[tail.path] = file
            self._by_key[tail.key].append(file)
            self._by_name[name_of(file.path)].append(file)

    def find(self, origin: Origin) -> tuple[Adopted, How]:
        """The file. Raises LookupError where the inbox has several that its path may mean."""
        path = origin.filename_ish or ""
        tail = tail_of(path)
        if tail is not None and (by_path := self._of_tail(tail)) is not None:
            return by_path, How.PATH
        if (by_id := self._of_result(origin)) is not None:
            return by_id, How.ID
        if tail is None and (by_name := self._of_name(origin)) is not None:
            return by_name, How.NAME
        if tail is not None:
            present = self._places.find(path)
            status = Status.CREATED if present else Status.DELETE
            place = present.path if present else self._places.home(path)
            return self._add(Adopted(0, place, tail.leaf, status, present=present, note="known from its rows")), (
                How.UNREGISTERED
            )
        return self._nowhere(origin), How.NONE

    def _of_tail(self, tail: Tail) -> Adopted | None:
        """The file of this path, else the only one whose path differs in its Unicode form or case only."""
        alike = self._by_key.get(tail.key, [])
        return self._by_tail.get(tail.path) or (alike[0] if len(alike) == 1 else None)

    def _of_result(self, origin: Origin) -> Adopted | None:
        """The file whose id stands in the result's name, if the rest of that name speaks of it too."""
        name = slashed(origin.filename_result or "").rpartition("/")[2]
        found = []
        for number in owner_ids(name):
            file = self._by_id.get(number)
            if file is None or not self._may_be(file, origin) or stem_of(file.path) not in folded(name):
                continue
            if not origin.filename_ish or name_of(slashed(origin.filename_ish)) == name_of(file.path):
                found.append(file)
        return found[0] if len(found) == 1 else None

    def _of_name(self, origin: Origin) -> Adopted | None:
        """The only file of that name that the client has, or has of that month."""
        name = name_of(slashed(origin.filename_ish or ""))
        found = [file for file in self._by_name.get(name, []) if name and self._may_be(file, origin)]
        if len(found) > 1:
            found = [file for file in found if file.leaf.client_month.first_day == origin.month]
        return found[0] if len(found) == 1 else None

    @staticmethod
    def _may_be(file: Adopted, origin: Origin) -> bool:
        client = file.leaf.client_month.client
        providers = (None, "", client.provider.value, client.provider.folder)
        return origin.client in (None, "", client.name) and origin.provider in providers

    def _add(self, file: Adopted) -> Adopted:
        file = replace(file, id=self._next_id)
        self._next_id += 1
        self.added.append(file)
        self._know(file)
        return file

    def _nowhere(self, origin: Origin) -> Adopted:
        """The place for rows without a file: one for each client, month and name."""
        provider = next((known for known in Provider if origin.provider in (known.value, known.folder)), None)
        month = origin.month or self._first_month
        name = slashed(origin.filename_ish or "").rpartition("/")[2] or UNKNOWN
        client = (origin.client or "").replace("\\", "/").replace("/", "_") or UNKNOWN
        parts = (
            NOWHERE,
            provider.folder if provider else UNKNOWN,
            f"{month:%Y}",
            f"{month:%m}" if origin.month else UNKNOWN,
            client,
            UNKNOWN,
            name,
        )
        path = "/".join(parts)
        if path in self._by_path:
            return self._by_path[path]
        client_month = ClientMonth(Client(provider or Provider.DISTRIBUTOR, client), month.year, month.month)
        said = f"rows that say {origin.filename_ish!r} and {origin.filename_result!r}"
        return self._add(Adopted(0, path, Leaf(client_month, UNKNOWN), Status.DELETE, note=said))
