"""The folder tree of the inbox: which leaf folders there should be, and making them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from pharma_assets.errors import PharmaError
from pharma_assets.files import replace_atomically
from pharma_assets.model.client_month import Client, ClientMonth
from pharma_assets.model.provider import SUPPLIERS_FOLDER
from pharma_assets.model.report_path import leaf_path
from pharma_assets.settings import SftpUrl, TreeSettings

LIST_NAME = "folders_list.txt"


@dataclass(frozen=True)
class TreeResult:
    """What making (or previewing) the tree came to. `folders` are relative to the inbox root, POSIX slashes."""

    root: Path | SftpUrl
    folders: tuple[PurePosixPath, ...]
    created: int
    list_file: Path


def leaf_folders(tree: TreeSettings) -> Iterator[PurePosixPath]:
    """Every leaf folder that the reference lists span, relative to the inbox root, in a fixed order."""
    for provider in tree.providers:
        for year in tree.years:
            for month in tree.months:
                for client in tree.clients:
                    client_month = ClientMonth(Client(provider, client), year, month)
                    for report_type in tree.report_types:
                        yield PurePosixPath(SUPPLIERS_FOLDER) / leaf_path(client_month, report_type)


def make_tree(root: Path | SftpUrl, tree: TreeSettings, list_file: Path, *, create: bool) -> TreeResult:
    """Make the missing leaf folders below `root` (with `create`), and write the full list to `list_file` either way.

    Doing it again changes nothing. Raises PharmaError INBOX_READ_ONLY where the folders would be on a server, and
    OSError where one cannot be made, for example because a file is in its place.
    """
    folders = tuple(leaf_folders(tree))
    created = 0
    if create:
        if isinstance(root, SftpUrl):
            raise PharmaError("INBOX_READ_ONLY", url=root)
        for folder in folders:
            path = root / folder
            if not path.is_dir():
                path.mkdir(parents=True, exist_ok=True)
                created += 1
    list_file.parent.mkdir(parents=True, exist_ok=True)
    with replace_atomically(list_file) as draft:
        draft.write_text("".join(f"{folder}\n" for folder in folders), encoding="utf-8")
    return TreeResult(root, folders, created, list_file)
