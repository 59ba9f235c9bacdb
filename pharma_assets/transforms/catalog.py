"""The clients that have a transform: `client_transforms/<distributors|chains>/<Client>/layout.yaml`, or a script."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path
from threading import Lock

from pharma_assets.collector import no_collection
from pharma_assets.errors import PharmaError
from pharma_assets.model.client_month import Client
from pharma_assets.model.month_range import ALWAYS, MonthRange
from pharma_assets.model.provider import Provider
from pharma_assets.model.transform_version import TransformVersion, no_transform
from pharma_assets.scripts.found import Script, find_scripts
from pharma_assets.transforms.file_memory import FileMemory, folders_in
from pharma_assets.transforms.hooks.source import HOOKS_NAME, read_hooks
from pharma_assets.transforms.layout import Layout, read_layout
from pharma_assets.transforms.script_result import RESULT_LAYOUT

LAYOUT_NAME = "layout.yaml"


@dataclass(frozen=True)
class Transform:
    """What is done with a client's reports of one type (None: of every type that has no other) in some months: the
    layout that holds for them, or why there is none.

    `script`: what makes the report of a file before the layout, which is then that of scripts' results, reads it.
    `since`: the month of folders from which on a change of the transform concerns what is loaded.
    """

    client: Client
    file: Path
    fingerprint: str
    layout: Layout | None
    invalid: PharmaError | None = None
    report_type: str | None = None
    months: MonthRange = ALWAYS
    script: Script | None = None
    since: date = date.min

    def require_layout(self) -> Layout:
        """The layout. Raises PharmaError LAYOUT_INVALID."""
        if self.layout is None:
            raise self.invalid or PharmaError("LAYOUT_INVALID", file=self.file, why="not loaded")
        return self.layout

    def handles(self, report_type: str, month: date | None) -> bool:
        """Whether it is this transform by which a report of that month is read; None: of the newest one."""
        return self.report_type in (None, report_type) and self.months.covers(month)


@dataclass(frozen=True)
class ClientTransforms:
    """All transforms of one client, which come from one folder. A layout that cannot be read is one transform for every
    report type, so that its files say why they wait."""

    client: Client
    file: Path
    versions: tuple[Transform, ...]

    @property
    def invalid(self) -> PharmaError | None:
        """Why the client's layout cannot be used."""
        return self.versions[0].invalid

    @property
    def report_types(self) -> tuple[str, ...]:
        """The report types of the layout, in its order; none where it cannot be read."""
        return tuple(dict.fromkeys(version.report_type for version in self.versions if version.report_type is not None))

    def find(self, report_type: str, month: date | None = None) -> Transform | None:
        """The transform of a report type for the month with this first day; without a month, the newest."""
        return next((version for version in self.versions if version.handles(report_type, month)), None)


@dataclass(frozen=True)
class Transforms:
    """All clients' transforms: by layout, and by script for the report types that no layout handles."""

    by_client: Mapping[Client, ClientTransforms]
    by_script: Mapping[Client, Transform] = field(default_factory=dict)

    def find(self, client: Client, report_type: str, month: date) -> Transform:
        """The transform of a client's report type for the month with this first day. Raises PharmaError
        NO_SCRIPT_FOUND."""
        transform = self.get(client, report_type, month)
        if transform is None:
            raise no_transform(client, report_type)
        return transform

    def get(self, client: Client, report_type: str, month: date) -> Transform | None:
        """The same, or None. A layout wins over a script."""
        layouts = self.by_client.get(client)
        transform = None if layouts is None else layouts.find(report_type, month)
        return transform or self.by_script.get(client)

    @cached_property
    def versions(self) -> list[TransformVersion]:
        """A row for each transform, as the registry compares them with its files."""
        layouts = [version for transforms in self.by_client.values() for version in transforms.versions]
        # A layout that cannot be read takes all report types.
        taken = {layout.client for layout in layouts if layout.report_type is None}
        scripts = [script for script in self.by_script.values() if script.client not in taken]
        return [
            TransformVersion(each.client, each.report_type, each.fingerprint, each.months, each.since)
            for each in (*layouts, *scripts)
        ]

    @property
    def invalid(self) -> list[PharmaError]:
        return [transforms.invalid for transforms in self.by_client.values() if transforms.invalid is not None]


def load_transforms(folder: Path, scripts: Path | None = None, since: date = date.min) -> Transforms:
    """Read every client's layout below `folder`, and look for the client scripts below `scripts`.

    A layout that is wrong stands in the result with its error; it never stops the others. What of the layouts has not
    changed since the last time in this process is neither read nor checked again. `since`: the month from which on a
    changed script concerns what is loaded.
    """
    by_script = {} if scripts is None else find_scripts(scripts)
    of_scripts = {client: _of_script(script, since) for client, script in by_script.items()}
    with _LOCK, no_collection():
        shelf = _SHELVES.setdefault(folder, _Shelf())
        found: dict[Client, ClientTransforms] = {}
        for provider in Provider:
            for client_folder in folders_in(folder / provider.transforms_folder):
                client = Client(provider, client_folder.name)
                transforms = shelf.client(client, client_folder)
                if transforms is not None:
                    found[client] = transforms
        shelf.keep_only(found)
        return Transforms(found, of_scripts)


def _of_script(script: Script, since: date) -> Transform:
    digest = hashlib.sha256(f"{script.digest}:{RESULT_LAYOUT.fingerprint()}".encode()).hexdigest()[:16]
    return Transform(script.client, script.file, f"script:{digest}", RESULT_LAYOUT, script=script, since=since)


def read_client(client: Client, file: Path) -> ClientTransforms:
    """The transforms of one layout file, wherever it lies, with the hooks beside it, or what is wrong with them."""
    return _Shelf().of_file(client, file) or ClientTransforms(
        client, file, (_invalid(client, file, b"", "it is not there"),)
    )


@dataclass(frozen=True)
class _Text:
    """What stands in a client's folder."""

    layout: bytes
    hooks: bytes | None


class _Shelf:
    """What was read of one folder of layouts."""

    def __init__(self) -> None:
        self._files = FileMemory()
        self._known: dict[Client, tuple[_Text, ClientTransforms]] = {}

    def client(self, client: Client, folder: Path) -> ClientTransforms | None:
        """The transforms of a client, None if its folder has no layout."""
        return self.of_file(client, folder / LAYOUT_NAME)

    def of_file(self, client: Client, file: Path) -> ClientTransforms | None:
        """The same of a layout file of any name."""
        try:
            layout = self._files.read(file)
            if layout is None:
                return None
            text = _Text(layout, self._files.read(file.with_name(HOOKS_NAME)))
        except OSError as error:
            return ClientTransforms(client, file, (_invalid(client, file, b"", error.strerror or str(error)),))
        known = self._known.get(client)
        if known is None or known[0] != text:
            known = text, ClientTransforms(client, file, _load(client, file, text))
            self._known[client] = known
        return known[1]

    def keep_only(self, clients: Mapping[Client, ClientTransforms]) -> None:
        """Forget what is not there any more."""
        self._known = {client: known for client, known in self._known.items() if client in clients}
        folders = [transforms.file.parent for transforms in clients.values()]
        self._files.keep_only([folder / name for folder in folders for name in (LAYOUT_NAME, HOOKS_NAME)])


# Of the process: each evaluation of the sensor asks anew, in threads that Dagster starts.
_SHELVES: dict[Path, _Shelf] = {}
_LOCK = Lock()


def _load(client: Client, file: Path, text: _Text) -> tuple[Transform, ...]:
    try:
        layouts = read_layout(text.layout)
        hooks = None if text.hooks is None else read_hooks(file.with_name(HOOKS_NAME), text.hooks)
    except ValueError as error:
        return (_invalid(client, file, text.layout + (text.hooks or b""), str(error)),)
    found = []
    for each in layouts:
        layout = each.layout if hooks is None else each.layout.with_hooks(hooks)
        found.append(
            Transform(client, file, layout.fingerprint(), layout, report_type=each.report_type, months=each.months)
        )
    return tuple(found)


def _invalid(client: Client, file: Path, content: bytes, why: str) -> Transform:
    digest = hashlib.sha256(content).hexdigest()[:16]
    error = PharmaError("LAYOUT_INVALID", file=file, why=why)
    # It has nothing to say of what is loaded.
    return Transform(client, file, f"invalid:{digest}", None, error, since=date.max)


def parse_layout(content: bytes, report_type: str | None = None, month: date | None = None) -> Layout:
    """The layout that a YAML text gives for a report type (None: its first) and a month (None: the newest).

    Raises ValueError with every line that is wrong, and KeyError for a report type that it does not have.
    """
    layouts = read_layout(content)
    wanted = report_type or layouts[0].report_type
    for each in layouts:
        if each.report_type == wanted and each.months.covers(month):
            return each.layout
    raise KeyError(wanted)
