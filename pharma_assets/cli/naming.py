"""Clients as people type them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from pharma_assets.model.client_month import Client


def named_client(name: str, known: Iterable[Client], option: str = "CLIENT") -> Client:
    """The client of this name: `Client_01`, or `chains/Client_01`, `Сети/Client_01` where both providers have one."""
    clients = sorted(set(known))
    named = [
        client
        for client in clients
        if name in (client.name, f"{client.provider.transforms_folder}/{client.name}", str(client))
    ]
    if len(named) != 1:
        there = ", ".join(f"{client.provider.transforms_folder}/{client.name}" for client in clients)
        state = "more than one" if named else "no"
        raise typer.BadParameter(f"{name!r} is {state} client; there are: {there}", param_hint=option)
    return named[0]
