"""Moving a file into a folder: the collision rule and patience (CONTRACT §4)."""

from __future__ import annotations

import errno
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pharma_assets import files
from pharma_assets.errors import PharmaError
from pharma_assets.files import move_into
from pharma_assets.loading.result_file import owner_ids, publish, result_name, write_draft

MOMENT = datetime(2025, 6, 30, 12, 34, 56, 789, tzinfo=UTC)


def drop(folder: Path, name: str, content: bytes) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(content)
    return folder / name


def test_a_file_is_moved(tmp_path: Path) -> None:
    source = drop(tmp_path / "a", "отчёт.csv", b"1")
    assert move_into(source, tmp_path / "new" / "b", MOMENT) == tmp_path / "new" / "b" / "отчёт.csv"
    assert not source.exists()


def test_the_same_file_is_there_already(tmp_path: Path) -> None:
    there = drop(tmp_path / "b", "отчёт.csv", b"1")
    before = there.stat().st_ino
    source = drop(tmp_path / "a", "отчёт.csv", b"1")
    assert move_into(source, tmp_path / "b", MOMENT) == there
    assert (source.exists(), there.stat().st_ino) == (False, before)


@pytest.mark.parametrize("content", [b"2", b"22"], ids=["of the same size", "of another size"])
def test_another_file_of_that_name_stays(tmp_path: Path, content: bytes) -> None:
    there = drop(tmp_path / "b", "отчёт.csv", b"1")
    moved = move_into(drop(tmp_path / "a", "отчёт.csv", content), tmp_path / "b", MOMENT)
    assert moved.name == "отчёт_123456000789.csv"
    assert (there.read_bytes(), moved.read_bytes()) == (b"1", content)
    third = move_into(drop(tmp_path / "a", "отчёт.csv", b"333"), tmp_path / "b", MOMENT)
    assert third.name == "отчёт_123456000789_123456000789.csv"


def test_a_suffix_finds_room_in_the_longest_name(tmp_path: Path) -> None:
    name = result_name("Client_01", 7, "x/" + "щ" * 300 + ".xlsx", MOMENT)
    assert len(name.encode()) in (254, 255)
    drop(tmp_path / "b", name, b"1")
    moved = move_into(drop(tmp_path / "a", name, b"2"), tmp_path / "b", MOMENT)
    assert len(moved.name.encode()) <= 255
    assert moved.name.startswith("Client_01_id7_щ")
    assert moved.name.endswith("_123456000789.csv")


def hold(monkeypatch: pytest.MonkeyPatch, times: int, number: int = errno.EBUSY) -> list[float]:
    """Let somebody hold files for so many tries; returns the pauses that are made."""
    pauses: list[float] = []
    replace, left = Path.replace, [times]

    def busy(self: Path, target: Path) -> Path:
        if left[0]:
            left[0] -= 1
            raise OSError(number, os.strerror(number))
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", busy)
    monkeypatch.setattr(files.time, "sleep", pauses.append)
    return pauses


def test_a_held_file_is_tried_five_times_four_seconds_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pauses = hold(monkeypatch, 4)
    move_into(drop(tmp_path / "a", "a.csv", b"1"), tmp_path / "b", MOMENT)
    assert pauses == [4.0] * 4
    pauses = hold(monkeypatch, 5)
    with pytest.raises(OSError, match="busy"):
        move_into(drop(tmp_path / "a", "b.csv", b"1"), tmp_path / "b", MOMENT)
    assert pauses == [4.0] * 4


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES, errno.EROFS])
def test_what_waiting_does_not_help_is_told_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    pauses = hold(monkeypatch, 1, number)
    draft = write_draft(tmp_path / "a", "a.csv", b"1")
    with pytest.raises(PharmaError, match="NO_SPACE" if number == errno.ENOSPC else "LOCKED"):
        publish(draft, tmp_path / "b", MOMENT)
    assert pauses == []
    assert draft.path.exists()


@pytest.mark.parametrize(
    ("name", "ids"),
    [
        ("Client_01_id7_отчёт_20250601_000000.csv", {7}),
        ("Client_id3_01_id7_id9_20250601_000000_123456000789.csv", {3, 7, 9}),
        ("отчёт.csv", set()),
        ("a_id99999999999999999999_b.csv", set()),
        ("a_id9223372036854775808_b.csv", set()),
    ],
)
def test_whose_a_result_is(name: str, ids: set[int]) -> None:
    assert owner_ids(name) == ids
