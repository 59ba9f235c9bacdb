"""Layouts are asked for at every tick: what has changed is seen at once, what has not costs next to nothing."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pharma_assets.model.client_month import Client
from pharma_assets.model.provider import Provider
from pharma_assets.transforms import catalog
from pharma_assets.transforms.catalog import ClientTransforms, load_transforms
from pharma_assets.transforms.file_memory import SETTLED_SECONDS, FileMemory
from pharma_assets_tests.unit.transforms.sheets import SALES

CLIENT = Client(Provider.CHAIN, "Client_05")
HOOKS = "def raw(frame):\n    return frame\n"


def write(folder: Path, text: str = SALES, name: str = "layout.yaml", client: str = "Client_05") -> Path:
    file = folder / "chains" / client / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


def known(folder: Path) -> ClientTransforms:
    return load_transforms(folder).by_client[CLIENT]


def test_what_has_not_changed_is_not_checked_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path)
    write(tmp_path, HOOKS, "hooks.py")
    before = known(tmp_path)
    monkeypatch.setattr(catalog, "read_layout", lambda content: pytest.fail("it was read anew"))
    assert known(tmp_path) is before
    write(tmp_path, SALES)
    assert known(tmp_path) is before, "the same text, written again"


def test_every_change_is_seen_at_once(tmp_path: Path) -> None:
    file = write(tmp_path)
    first = known(tmp_path).versions[0].fingerprint
    times = file.stat()
    other = SALES.replace("{to: sum_nds, required: false}", "{to: sum_nds, required: true }")
    assert len(other.encode()) == len(SALES.encode())
    write(tmp_path, other)
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
    second = known(tmp_path).versions[0].fingerprint
    assert second != first, "same size, same time of change"
    hooks = write(tmp_path, HOOKS, "hooks.py")
    third = known(tmp_path).versions[0].fingerprint
    assert third not in (first, second)
    hooks.unlink()
    assert known(tmp_path).versions[0].fingerprint == second
    write(tmp_path, "supplier: 1")
    assert known(tmp_path).invalid is not None
    write(tmp_path)
    assert known(tmp_path).versions[0].fingerprint == first


def test_clients_come_and_go(tmp_path: Path) -> None:
    assert load_transforms(tmp_path).by_client == {}
    file = write(tmp_path)
    assert list(load_transforms(tmp_path).by_client) == [CLIENT]
    write(tmp_path, client="Client_06")
    assert len(load_transforms(tmp_path).by_client) == 2
    file.unlink()
    assert [client.name for client in load_transforms(tmp_path).by_client] == ["Client_06"]
    write(tmp_path)
    assert len(load_transforms(tmp_path).by_client) == 2


def test_a_layout_that_cannot_be_read_says_so(tmp_path: Path) -> None:
    (tmp_path / "chains" / "Client_05" / "layout.yaml").mkdir(parents=True)
    assert "Is a directory" in str(known(tmp_path).invalid)


class Desk:
    """A file on a file system whose clock stands still, and this process's own clock."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "layout.yaml"
        self.now = 0.0
        self.stamp = (1,)
        self.reads = 0
        self.memory = FileMemory(stamp=lambda file: self.stamp, clock=lambda: self.now)

    def read(self, after: float) -> bytes | None:
        self.now += after
        return self.memory.read(self.file)


def test_a_stamp_is_believed_only_when_it_is_old_enough(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.file.write_bytes(b"one")
    assert desk.read(0) == b"one"
    desk.file.write_bytes(b"two")
    assert desk.read(0.1) == b"two", "within the same step of the file system's clock"
    assert desk.read(SETTLED_SECONDS) == b"two"
    desk.file.write_bytes(b"not looked at")
    assert desk.read(900) == b"two"
    desk.stamp = (2,)
    assert desk.read(900) == b"not looked at"
    desk.file.write_bytes(b"three")
    assert desk.read(SETTLED_SECONDS / 2) == b"three", "the new stamp is young again"
