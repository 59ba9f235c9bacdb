"""What the place of a file in the inbox says about it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath

from pharma_assets.errors import PharmaError
from pharma_assets.model.client_month import Client, ClientMonth
from pharma_assets.model.provider import Provider

FIRST_YEAR = 2000


@dataclass(frozen=True)
class Leaf:
    """A leaf folder: everything that its place says."""

    client_month: ClientMonth
    report_type: str


def is_leaf_deep(parts: tuple[str, ...]) -> bool:
    """Whether a folder lies as deep below a provider's folder as leaf folders do; quick, and raises nothing."""
    for depth, part in enumerate(parts):
        if Provider.of_folder(part) is not None:
            return len(parts) == depth + 5
    return False


def parse_leaf(parts: tuple[str, ...]) -> Leaf:
    """The meaning of a folder given by the parts of its path below the inbox root.

    The provider's folder may stand at any depth (CONTRACT §3); exactly year, month, client and report type follow it.
    Raises PharmaError PATH_STRUCTURE that says which part does not fit.
    """
    for depth, part in enumerate(parts):
        provider = Provider.of_folder(part)
        if provider is not None:
            return _parse_below(provider, parts[depth + 1 :])
    folders = " or ".join(provider.folder for provider in Provider)
    raise PharmaError("PATH_STRUCTURE", why=f"no folder {folders} in it")


def _parse_below(provider: Provider, parts: tuple[str, ...]) -> Leaf:
    if len(parts) != 4:
        raise PharmaError(
            "PATH_STRUCTURE", why=f"{len(parts)} folders below {provider.folder}, not year/month/client/report type"
        )
    year, month, client, report_type = parts
    if not (year.isascii() and year.isdigit() and len(year) == 4 and int(year) >= FIRST_YEAR):
        raise PharmaError("PATH_STRUCTURE", why=f"{year!r} is not a year")
    if not (month.isascii() and month.isdigit() and len(month) == 2 and 1 <= int(month) <= 12):
        raise PharmaError("PATH_STRUCTURE", why=f"{month!r} is not a month of two digits")
    return Leaf(ClientMonth(Client(provider, client), int(year), int(month)), report_type)


def leaf_path(client_month: ClientMonth, report_type: str) -> PurePosixPath:
    """The leaf folder below «Поставщики данных»: the inverse of `parse_leaf`."""
    client = client_month.client
    return PurePosixPath(
        client.provider.folder, f"{client_month.year:04d}", f"{client_month.month:02d}", client.name, report_type
    )
