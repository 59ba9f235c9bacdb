"""The same inbox twice: as a folder, and over SFTP from an OpenSSH server on loopback."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from pharma_assets.database.urls import engine as make_engine
from pharma_assets.inbox.source import Inbox, LocalInbox
from pharma_assets_tests.sshd import server_on_loopback

__all__ = ["server_on_loopback"]


@pytest.fixture
def engine(database: str) -> Iterator[Engine]:
    engine = make_engine(database)
    yield engine
    engine.dispose()


@pytest.fixture(params=["local", "sftp"])
def opened(request: pytest.FixtureRequest) -> Iterator[Callable[[Path], Inbox]]:
    """What makes an inbox of a folder, of the one kind and of the other."""
    inboxes: dict[Path, Inbox] = {}

    def opened(root: Path) -> Inbox:
        if root not in inboxes:
            local = request.param == "local"
            inboxes[root] = LocalInbox(root) if local else request.getfixturevalue("server_on_loopback").inbox(root)
        return inboxes[root]

    if request.param == "sftp":
        request.getfixturevalue("server_on_loopback")
    yield opened
    for inbox in inboxes.values():
        inbox.close()
