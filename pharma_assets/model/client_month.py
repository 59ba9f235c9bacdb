"""The unit of work: one client's reports of one month, and its Dagster partition key."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from urllib.parse import unquote

from pharma_assets.model.provider import Provider

# Dagster accepts these in a dynamic partition when it is added and fails on them at run time; % is our escape.
_RESERVED = re.compile(r"[%|,\[\]\x00-\x1f\x7f]|\.\.\.")


@dataclass(frozen=True, order=True)
class Client:
    """A supplier. Both providers may have a `Client_01`, so the provider is part of who it is."""

    provider: Provider
    name: str

    @property
    def key(self) -> str:
        """The key in Dagster's `client` dimension, e.g. `Дистрибьюторы/Client_01`."""
        name = _RESERVED.sub(lambda found: "".join(f"%{ord(char):02X}" for char in found[0]), self.name)
        return f"{self.provider.folder}/{name}"

    @classmethod
    def of_key(cls, key: str) -> Client:
        """The inverse of `key`. Raises ValueError when it is not a client's key."""
        folder, slash, name = key.partition("/")
        provider = Provider.of_folder(folder)
        if provider is None or not slash or not name:
            raise ValueError(f"not a client's key: {key!r}")
        return cls(provider, unquote(name))

    def __str__(self) -> str:
        return f"{self.provider.folder}/{self.name}"


@dataclass(frozen=True, order=True)
class ClientMonth:
    """One client's reports of one month."""

    client: Client
    year: int
    month: int

    @property
    def first_day(self) -> date:
        """The partition of `raw.primary_data` that holds the rows."""
        return date(self.year, self.month, 1)

    @property
    def month_key(self) -> str:
        """The key in Dagster's `month` dimension, e.g. `2025-06`."""
        return f"{self.year:04d}-{self.month:02d}"

    @property
    def key(self) -> str:
        """The partition key as Dagster writes it: dimensions in the order of their names, `client|month`."""
        return f"{self.client.key}|{self.month_key}"

    @classmethod
    def of_key(cls, key: str) -> ClientMonth:
        """The inverse of `key`. Raises ValueError when it is not a client-month's key."""
        client, bar, month = key.rpartition("|")
        found = re.fullmatch(r"(\d{4})-(\d{2})", month)
        if not bar or found is None:
            raise ValueError(f"not a client-month's key: {key!r}")
        return cls(Client.of_key(client), int(found[1]), int(found[2]))

    def __str__(self) -> str:
        return f"{self.client} {self.month_key}"
