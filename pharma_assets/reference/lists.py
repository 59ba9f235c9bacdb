"""The two reference lists and how their keys are compared."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from pharma_assets.model.client_month import Client


@dataclass(frozen=True)
class Supplier:
    """A line of the suppliers' list: what a client's rows have in `supplier_id` and `supplier_name`. `branch`: only for
    those whose `supplier_filial` it is; such a line goes before the one without."""

    client: Client
    branch: str | None
    supplier_id: str
    supplier_name: str | None

    @property
    def key(self) -> tuple[Client, str | None]:
        return self.client, None if self.branch is None else text_key(self.branch)

    def __str__(self) -> str:
        return f"{self.client}, {self.branch}" if self.branch else str(self.client)


@dataclass(frozen=True)
class ClientType:
    """A line of the list of client types: of one INN, or of the names that fit a pattern with * and ?. An INN's line
    goes before all patterns, and an earlier pattern before a later one."""

    inn: str | None
    pattern: str | None
    client_type: str

    @property
    def key(self) -> tuple[str, str]:
        return ("inn", self.inn) if self.inn is not None else ("name", text_key(self.pattern or ""))

    def __str__(self) -> str:
        return self.inn or self.pattern or ""


@dataclass(frozen=True)
class ReferenceLists:
    """Both lists as one version has them; `version` is None where none was ever imported."""

    version: int | None = None
    suppliers: tuple[Supplier, ...] = ()
    client_types: tuple[ClientType, ...] = ()

    @cached_property
    def supplier_of(self) -> Mapping[tuple[Client, str | None], Supplier]:
        """By client and branch key; None is the line for all other branches."""
        return {supplier.key: supplier for supplier in self.suppliers}

    @cached_property
    def type_of_inn(self) -> Mapping[str, str]:
        return {each.inn: each.client_type for each in self.client_types if each.inn is not None}

    @cached_property
    def type_of_names(self) -> tuple[tuple[str, str], ...]:
        """SQL LIKE patterns over `text_key`, in their order, each with its type."""
        return tuple(
            (like_pattern(each.pattern), each.client_type) for each in self.client_types if each.pattern is not None
        )

    def supplier(self, client: Client, branch: str | None) -> Supplier | None:
        """The line that a row of this client and branch has its supplier from."""
        of_branch = None if branch is None else self.supplier_of.get((client, text_key(branch)))
        return of_branch or self.supplier_of.get((client, None))


def text_key(text: str) -> str:
    """The form in which branches and names are compared: without case, ё, and what blanks there are."""
    return " ".join(text.casefold().replace("ё", "е").split())


def like_pattern(pattern: str) -> str:
    """A pattern with * and ? as one of LIKE, over `text_key`."""
    return re.sub(r"[\\%_]", r"\\\g<0>", text_key(pattern)).replace("*", "%").replace("?", "_")
