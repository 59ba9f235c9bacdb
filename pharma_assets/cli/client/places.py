"""Whose report a file is: from its place in the inbox, else from the options."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import typer

from pharma_assets.errors import PharmaError
from pharma_assets.model.client_month import Client
from pharma_assets.model.provider import Provider
from pharma_assets.model.report_path import parse_leaf


@dataclass(frozen=True)
class Place:
    """A client's report type, and the first day of its month if that is known."""

    client: Client
    report_type: str
    month: date | None

    def folder(self, transforms: Path) -> Path:
        """Where the client's layout stands."""
        return transforms / self.client.provider.transforms_folder / self.client.name


def place_of(file: Path, client: str | None, report_type: str | None, month: date | None, *, asking: bool) -> Place:
    """The place of a file. What the options say goes before what the path says; who is missing is asked for.

    Raises typer.BadParameter for a name that is none, or where nobody may be asked.
    """
    try:
        leaf = parse_leaf(file.parent.parts)
        found = Place(leaf.client_month.client, leaf.report_type, leaf.client_month.first_day)
    except PharmaError:
        found = None
    if client is None and found is None:
        if not asking:
            raise typer.BadParameter(
                "the path does not say whose report this is: name the client", param_hint="--client"
            )
        client = typer.prompt(
            "Whose report is this? Its client's folder in the inbox, e.g. Client_05 or chains/Client_05"
        )
    if client is not None:
        provider = found.client.provider if found is not None else None
        found = Place(
            _client(client, provider), found.report_type if found else "Type1", found.month if found else None
        )
    if found is None:
        raise AssertionError("asked for above")
    return replace(found, report_type=report_type or found.report_type, month=month or found.month)


def _client(name: str, provider: Provider | None) -> Client:
    """`chains/Client_05`, `distributors/Client_05`; a bare name is a distributor's unless the path says otherwise."""
    folder, slash, bare = name.rpartition("/")
    known = {each.transforms_folder: each for each in Provider} | {each.folder: each for each in Provider}
    if slash and folder not in known:
        raise typer.BadParameter(f"{folder!r} is none of {', '.join(known)}", param_hint="--client")
    bare = bare.strip()
    if not bare or bare in {".", ".."} or any(character in bare for character in '\\\0:*?"<>|'):
        raise typer.BadParameter(f"{name!r} cannot be the name of a client's folder", param_hint="--client")
    return Client(known[folder] if slash else provider or Provider.DISTRIBUTOR, bare)
