"""The clients that have a transform: `client_transforms/<distributors|chains>/<Client>/layout.yaml`."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml
from pydantic import ValidationError

from pharma_assets.errors import PharmaError
from pharma_assets.model.client_month import Client
from pharma_assets.model.provider import Provider
from pharma_assets.model.transform_version import TransformVersion, no_transform
from pharma_assets.transforms.layout import Layout

LAYOUT_NAME = "layout.yaml"


@dataclass(frozen=True)
class Transform:
    """What is known of one client's transform: its layout, or why that cannot be used."""

    client: Client
    file: Path
    fingerprint: str
    layout: Layout | None
    invalid: PharmaError | None = None

    def require_layout(self) -> Layout:
        """The layout. Raises PharmaError LAYOUT_INVALID."""
        if self.layout is None:
            raise self.invalid or PharmaError("LAYOUT_INVALID", file=self.file, why="not loaded")
        return self.layout

    def handles(self, report_type: str) -> bool:
        """Whether files of this report type are this transform's business; a layout that cannot be read takes them all,
        so that they say why they wait."""
        return self.layout is None or report_type in self.layout.report_types


@dataclass(frozen=True)
class Transforms:
    """All clients' transforms, by client."""

    by_client: Mapping[Client, Transform]

    def find(self, client: Client, report_type: str) -> Transform:
        """The transform for a client's report type. Raises PharmaError NO_SCRIPT_FOUND."""
        transform = self.by_client.get(client)
        if transform is None or not transform.handles(report_type):
            raise no_transform(client, report_type)
        return transform

    @property
    def versions(self) -> list[TransformVersion]:
        """A row for each client and report type that has a transform."""
        return [
            TransformVersion(transform.client, report_type, transform.fingerprint)
            for transform in self.by_client.values()
            for report_type in (transform.layout.report_types if transform.layout else (None,))
        ]

    @property
    def invalid(self) -> list[PharmaError]:
        return [transform.invalid for transform in self.by_client.values() if transform.invalid is not None]


def load_transforms(folder: Path) -> Transforms:
    """Read every client's layout below `folder`. One that is wrong stands in the result with its error; it never stops
    the others."""
    found: dict[Client, Transform] = {}
    for provider in Provider:
        for file in sorted((folder / provider.transforms_folder).glob(f"*/{LAYOUT_NAME}")):
            client = Client(provider, file.parent.name)
            found[client] = _load(client, file)
    return Transforms(found)


def transforms_of(client: Client, file: Path) -> Transforms:
    """One client's layout, wherever its file lies, as if it stood in its folder."""
    return Transforms({client: _load(client, file)})


def _load(client: Client, file: Path) -> Transform:
    try:
        content = file.read_bytes()
    except OSError as error:
        return _invalid(client, file, b"", error.strerror or str(error))
    try:
        layout = parse_layout(content)
    except ValueError as error:
        return _invalid(client, file, content, str(error))
    return Transform(client, file, layout.fingerprint(), layout)


def _invalid(client: Client, file: Path, content: bytes, why: str) -> Transform:
    digest = hashlib.sha256(content).hexdigest()[:16]
    return Transform(client, file, f"invalid:{digest}", None, PharmaError("LAYOUT_INVALID", file=file, why=why))


def parse_layout(content: bytes) -> Layout:
    """Check a layout's YAML. Raises ValueError with every line that is wrong, by its place in the file."""
    try:
        data = yaml.load(content, Loader=_UniqueKeys)  # noqa: S506 - a SafeLoader that also refuses repeated keys
    except yaml.YAMLError as error:
        raise ValueError(f"not YAML: {error}") from error
    try:
        return Layout.model_validate(data)
    except ValidationError as error:
        lines = (f"{'.'.join(map(str, item['loc'])) or 'layout'}: {item['msg']}" for item in error.errors())
        raise ValueError("; ".join(lines)) from error


class _UniqueKeys(yaml.CSafeLoader):
    """YAML takes the last of two equal keys without a word; a layout must not lose a column that way."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[object, object]:
        seen: set[object] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} stands twice", key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep=deep)
