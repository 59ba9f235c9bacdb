"""The walk: what is known is passed over, what cannot be stored is a problem of its own, and nothing else suffers."""

from __future__ import annotations

import os
from pathlib import Path

from pharma_assets.inbox.source import LocalInbox
from pharma_assets.inbox.walk import MAX_PATH_BYTES, SeenFile, Walk, walk_inbox

LEAF = "Дистрибьюторы/2025/06/Client_01/Type1"
REPORTS = (".csv", ".xlsx")


def drop(root: Path, path: str) -> None:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_bytes(b"x")


def seen(root: Path) -> tuple[list[SeenFile], Walk]:
    walk = Walk()
    listings = walk_inbox(LocalInbox(root), REPORTS, walk, lambda folder, modified_ns: False)
    return [file for listing in listings if listing is not None for file in listing.files], walk


def test_a_leaf_folder_that_is_passed_over_is_not_listed(tmp_path: Path) -> None:
    drop(tmp_path, f"{LEAF}/a.csv")
    drop(tmp_path, f"{LEAF.replace('Type1', 'Type2')}/б.csv")
    asked = {}
    walk = Walk()

    def pass_over(folder: str, modified_ns: int) -> bool:
        asked[folder] = modified_ns
        return folder == LEAF

    (listing,) = filter(None, walk_inbox(LocalInbox(tmp_path), REPORTS, walk, pass_over))
    assert [file.path for file in listing.files] == [f"{LEAF.replace('Type1', 'Type2')}/б.csv"]
    assert walk.leaves == {LEAF, listing.folder}
    assert asked[LEAF] == (tmp_path / LEAF).stat().st_mtime_ns


def test_the_caller_can_stop_after_each_folder_above_the_leaves(tmp_path: Path) -> None:
    for number in range(20):
        drop(tmp_path, f"{LEAF.replace('Client_01', f'Client_{number}')}/a.csv")
    found = list(walk_inbox(LocalInbox(tmp_path), REPORTS, Walk(), lambda folder, modified_ns: "Type1" in folder))
    assert found == [None] * 24, "the root, the provider, the year, the month and the clients"


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
