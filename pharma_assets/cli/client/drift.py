"""`pharma-assets client drift`: what has changed in a client's report, and the patch for its layout."""

# ruff: noqa: PLC0415 - `--help` must stay fast

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from pharma_assets.settings import Settings
    from pharma_assets.transforms.catalog import Transform


def drift(
    file: Annotated[Path, typer.Argument(help="A report: a file, or its path below the inbox as `status` shows it.")],
    client: Annotated[
        str | None,
        typer.Option(help="Whose it is, e.g. Client_01 or chains/Client_01; follows from a path in the inbox."),
    ] = None,
    apply: Annotated[bool, typer.Option("--apply", help="Write the patch into the layout.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """Compare a report with its client's layout and newest example: missing, new, renamed, moved, split and merged
    columns, another sheet, another way of writing; and the patch for layout.yaml.

    The exit code is 1 if the report cannot be taken in with the layout as it is, or after `--apply` as it is then.
    """
    from pharma_assets.cli.chosen import choose, opened
    from pharma_assets.cli.client.drift_views import as_document, print_drift
    from pharma_assets.cli.status import console
    from pharma_assets.drift.compare import drift_of
    from pharma_assets.drift.patching import difference, patched
    from pharma_assets.drift.reference import reference_of
    from pharma_assets.errors import PharmaError
    from pharma_assets.files import replace_atomically
    from pharma_assets.reading.guard import GuardedReader
    from pharma_assets.reading.hints import Hints
    from pharma_assets.settings import load_settings
    from pharma_assets.transforms.catalog import parse_layout
    from pharma_assets.transforms.normalize import normalize

    settings = load_settings()
    chosen = choose(settings, file.absolute() if file.exists() else file, client)
    if chosen.problem is not None:
        raise chosen.problem
    if chosen.transform is None:
        raise typer.BadParameter("the path does not say whose report this is: name the client", param_hint="--client")
    layout = chosen.transform.require_layout()
    passwords = tuple(password.get_secret_value() for password in settings.passwords)
    with GuardedReader(settings.read_seconds, settings.read_memory_mb) as reader, opened(settings, file) as content:
        document, _ = reader.read(content, Hints(layout.known_headers, passwords))
        reference = reference_of(
            chosen.transform.file.parent, layout, lambda example, hints: reader.read(example, hints)[0]
        )
    found = drift_of(document, layout, reference)
    before = chosen.transform.file.read_text(encoding="utf-8")
    after, problems = before, []
    try:
        after = patched(before, found.patch) if found.patch else before
    except PharmaError as error:
        problems.append(error)
    applied = apply and after != before
    if applied:
        with replace_atomically(chosen.transform.file) as draft:
            draft.write_text(after, encoding="utf-8")
        layout = parse_layout(after.encode(), chosen.transform.report_type, chosen.month)
    try:
        normalize(document, layout, settings.zone, chosen.month, chosen.facts(file))
    except PharmaError as error:
        problems.append(error)
    patch = difference(before, after, _name(settings, chosen.transform))
    if as_json:
        typer.echo(json.dumps(as_document(found, patch, problems, applied=applied), ensure_ascii=False))
    else:
        print_drift(console(), file, found, patch, problems, applied=applied)
    if problems:
        raise typer.Exit(1)


def _name(settings: Settings, transform: Transform) -> str:
    file = transform.file
    return file.relative_to(settings.transforms).as_posix() if file.is_relative_to(settings.transforms) else file.name
