"""The walk: what is known is passed over, what cannot be stored is a problem of its own, and nothing else suffers."""

from __future__ import annotations

import os
from pathlib import Path

from pharma_assets.inbox.source import LocalInbox
from pharma_assets.inbox.walk import MAX_PATH_BYTES, Listing, Passage, SeenFile, Walk, walk_inbox

LEAF = "Дистрибьюторы/2025/06/Client_01/Type1"
REPORTS = (".csv", ".xlsx")


def drop(root: Path, path: str) -> None:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_bytes(b"x")


def seen(root: Path) -> tuple[list[SeenFile], Walk]:
    walk = Walk()
    listings = walk_inbox(LocalInbox(root), REPORTS, walk)
    return [file for listing in listings if isinstance(listing, Listing) for file in listing.files], walk


def test_what_is_passed_over_is_not_listed_and_what_is_started_from_is(tmp_path: Path) -> None:
    other, elsewhere = LEAF.replace("Type1", "Type2"), LEAF.replace("Дистрибьюторы", "Сети")
    for folder in (LEAF, other, elsewhere):
        drop(tmp_path, f"{folder}/a.csv")
    inbox, walk = LocalInbox(tmp_path), Walk()
    starts = [LEAF.removesuffix("/Type1"), f"{LEAF}/gone", elsewhere]
    listed = list(walk_inbox(inbox, REPORTS, walk, lambda folder: folder == LEAF, starts))
    assert [place.folder for place in listed] == [LEAF.removesuffix("/Type1"), other, elsewhere]
    assert isinstance(listed[0], Passage)
    assert (set(listed[0].below), listed[0].plain) == ({LEAF, other}, True)
    assert walk.listed == {place.folder for place in listed}
    assert [place.modified_ns for place in listed] == [(tmp_path / name.folder).stat().st_mtime_ns for name in listed]
    assert walk.problems == []


def test_folders_come_one_by_one_and_depth_first(tmp_path: Path) -> None:
    for number in range(20):
        drop(tmp_path, f"{LEAF.replace('Client_01', f'Client_{number}')}/a.csv")
    found = list(walk_inbox(LocalInbox(tmp_path), REPORTS, Walk()))
    assert len(found) == 44, "the root, the provider, the year, the month, and the clients with their leaves"
    assert all(isinstance(below, Listing) for below in found[5::2])
    assert all(below.folder == f"{above.folder}/Type1" for above, below in zip(found[4::2], found[5::2], strict=True))


def test_a_folder_of_this_machine_stands_still_until_something_comes_or_goes(tmp_path: Path) -> None:
    drop(tmp_path, f"{LEAF}/a.csv")
    (tmp_path / "link").symlink_to(tmp_path / LEAF)
    modified_ns = (tmp_path / LEAF).stat().st_mtime_ns
    places = [(LEAF, modified_ns), ("link", modified_ns), ("gone", modified_ns), (f"{LEAF}/a.csv", modified_ns)]
    assert LocalInbox(tmp_path).still(places) == {LEAF}
    assert LocalInbox(tmp_path).still([(LEAF, modified_ns + 1)]) == set()
    assert LocalInbox(tmp_path, trusts_folder_times=False).still(places) == set()


def test_a_backslash_in_a_file_or_folder_is_a_problem_of_that_path(tmp_path: Path) -> None:
    drop(tmp_path, f"{LEAF}/good.csv")
    drop(tmp_path, f"{LEAF}/back\\slash.csv")
    drop(tmp_path, LEAF.replace("Client_01", "Client\\01") + "/a.csv")
    files, walk = seen(tmp_path)
    assert [file.path for file in files] == [f"{LEAF}/good.csv"]
    assert [problem.code for problem in walk.problems] == ["PATH_STRUCTURE"] * 2
    assert all("backslash" in problem.message for problem in walk.problems)


def test_a_path_too_long_for_an_index_is_a_problem_that_can_itself_be_kept(tmp_path: Path) -> None:
    deep = "/".join(["ж" * 120] * (MAX_PATH_BYTES // 240 + 1))
    drop(tmp_path, f"{deep}/{LEAF}/a.csv")
    drop(tmp_path, f"{LEAF}/good.csv")
    files, walk = seen(tmp_path)
    assert [file.path for file in files] == [f"{LEAF}/good.csv"]
    (problem,) = walk.problems
    assert problem.code == "PATH_TOO_LONG"
    assert len(problem.path.encode()) <= MAX_PATH_BYTES + len("…".encode())


def test_names_that_are_not_utf8_can_be_kept_as_problems(tmp_path: Path) -> None:
    for folder in (LEAF, os.fsdecode(b"caf\xe9/") + LEAF):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / os.fsdecode(b"\xff.csv")).write_bytes(b"x")
    files, walk = seen(tmp_path)
    assert files == []
    assert sorted((problem.code, problem.path.encode().decode()) for problem in walk.problems) == [
        ("PATH_NOT_TEXT", rf"caf\xe9/{LEAF}/\xff.csv"),
        ("PATH_NOT_TEXT", rf"{LEAF}/\xff.csv"),
    ]
