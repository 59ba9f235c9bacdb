"""Where client scripts lie, and what tells one version of a script from the next (CONTRACT §4)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pharma_assets.model.client_month import Client
from pharma_assets.model.provider import Provider
from pharma_assets.model.transform_version import script_name


@dataclass(frozen=True)
class Script:
    """A client's script: `<root>/{Distibutors|Nets}/<Client>/<Client>_processing.py`.

    `digest` is that of all Python files of its folder, for a script may import a helper that lies beside it.
    """

    client: Client
    root: Path
    file: Path
    digest: str

    @property
    def name(self) -> str:
        """Its path below the root, for people."""
        return self.file.relative_to(self.root).as_posix()


def find_scripts(root: Path) -> dict[Client, Script]:
    """Every client's script below `root`; none where there is no such folder."""
    found = {}
    for provider in Provider:
        for file in sorted((root / provider.scripts_folder).glob("*/*_processing.py")):
            client = Client(provider, file.parent.name)
            if file.name == script_name(client) and file.is_file():
                found[client] = Script(client, root, file, _digest(sources(file)))
    return found


def sources(file: Path) -> list[Path]:
    """The Python files of a script's folder."""
    return sorted(path for path in file.parent.glob("*.py") if path.is_file())


def _digest(files: Iterable[Path]) -> str:
    """A digest of names and contents; line ends do not count, for they differ between systems."""
    digest = hashlib.sha256()
    for file in files:
        try:
            content = file.read_bytes().replace(b"\r\n", b"\n")
        except OSError as error:  # it will say so when it is started
            content = str(error).encode()
        digest.update(f"{file.name}\0{len(content)}\0".encode(errors="surrogateescape"))
        digest.update(content)
    return digest.hexdigest()
