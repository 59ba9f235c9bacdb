"""`pharma-assets client draft`: from one sample file to a client's layout and its first golden example."""

# ruff: noqa: PLC0415 - `--help` must stay fast

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from pharma_assets.cli.client.places import Place
    from pharma_assets.drafting.draft import Draft
    from pharma_assets.drafting.names import Knowledge
    from pharma_assets.reading.sheet import Document
    from pharma_assets.settings import Settings


def draft(
    file: Annotated[Path, typer.Argument(help="A report of the client: a file, or its path below the inbox.")],
    client: Annotated[
        str | None,
        typer.Option(help="Whose it is, e.g. Client_05 or chains/Client_05; follows from a path in the inbox."),
    ] = None,
    report_type: Annotated[
        str | None, typer.Option("--type", help="Its report type; follows from a path in the inbox, else Type1.")
    ] = None,
    month: Annotated[
        str | None, typer.Option(help="Its month, e.g. 2025-06; follows from a path in the inbox.")
    ] = None,
    supplier: Annotated[str | None, typer.Option(help="The supplier's name; the client's by default.")] = None,
    column: Annotated[
        list[str] | None,
        typer.Option(help="What a column is, whatever is proposed: 'Header=target', 'Header=none'. May be repeated."),
    ] = None,
    example: Annotated[str, typer.Option(help="The name of the first golden example.")] = "sample",
    anonymize: Annotated[
        bool, typer.Option("--anonymize", help="Invented names, addresses and INN in the example.")
    ] = False,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Ask nothing: doubts stand as remarks in the layout.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace a layout that is there.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the layout and write nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document; asks nothing.")] = False,
) -> None:
    """Propose a layout for a client from one of its reports, and its first golden example.

    Asks about every column that is in doubt. The exit code is 1 if the layout does not load the whole file.
    """
    from pharma_assets.cli.client.asking import ask
    from pharma_assets.cli.client.draft_views import as_document, print_draft, print_outcome, print_written
    from pharma_assets.cli.client.places import place_of
    from pharma_assets.cli.status import console
    from pharma_assets.drafting.draft import propose
    from pharma_assets.drafting.first_example import with_example
    from pharma_assets.drafting.sketch import About
    from pharma_assets.errors import PharmaError
    from pharma_assets.settings import load_settings

    settings = load_settings()
    asking = not (yes or as_json)
    place = place_of(file.absolute() if file.exists() else file, client, report_type, _month(month), asking=asking)
    folder = place.folder(settings.transforms)
    if (folder / "layout.yaml").exists() and not (force or dry_run):
        raise PharmaError("LAYOUT_EXISTS", file=folder / "layout.yaml")
    document, content, knowledge = _read(settings, file, place)
    proposed = _as_told(propose(document, knowledge), column or [])
    out = console()
    if asking:
        print_draft(out, file, document, proposed)
        proposed = ask(out, proposed)
        supplier = supplier or typer.prompt("The supplier's name, for every row", default=place.client.name)
    about = About(supplier or place.client.name, place.report_type)
    settled, cut = with_example(proposed, about, document, content, settings.zone, place.month, anonymous=anonymize)
    if not as_json:
        if not asking:
            print_draft(out, file, document, proposed)
        print_outcome(out, settled, settings.zone)
    written: list[Path] = []
    if not dry_run and (not asking or typer.confirm("Write the layout and its example?", default=True)):
        written = _write(settings, folder, settled.text, cut, example)
    if as_json:
        typer.echo(json.dumps(as_document(file, proposed, settled, written), ensure_ascii=False))
    else:
        print_written(out, written)
    if settled.problem is not None:
        raise typer.Exit(1)


def _month(text: str | None) -> date | None:
    if text is None:
        return None
    found = re.fullmatch(r"(\d{4})-(0[1-9]|1[0-2])", text)
    if found is None:
        raise typer.BadParameter(f"{text!r} is not a month like 2025-06", param_hint="--month")
    return date(int(found[1]), int(found[2]), 1)


def _read(settings: Settings, file: Path, place: Place) -> tuple[Document, bytes, Knowledge]:
    """The sample, its bytes, and what the other clients' layouts know. Raises PharmaError of the file."""
    from pharma_assets.cli.chosen import opened
    from pharma_assets.drafting.names import Knowledge
    from pharma_assets.reading.guard import GuardedReader
    from pharma_assets.reading.hints import Hints
    from pharma_assets.transforms.catalog import load_transforms

    transforms = load_transforms(settings.transforms).by_client
    layouts = [
        version.layout
        for client, each in transforms.items()
        if client != place.client
        for version in each.versions
        if version.layout is not None
    ]
    headers = tuple(dict.fromkeys(header for layout in layouts for header in layout.known_headers))
    passwords = tuple(password.get_secret_value() for password in settings.passwords)
    with opened(settings, file) as source:
        content = source.read()
    with GuardedReader(settings.read_seconds, settings.read_memory_mb) as reader:
        document, _ = reader.read(content, Hints(headers, passwords))
    return document, content, Knowledge.of(layouts)


def _as_told(proposed: Draft, told: list[str]) -> Draft:
    """The draft with what the command line says of columns. Raises typer.BadParameter."""
    from pharma_assets.drafting.roles import NONE, ROLES
    from pharma_assets.transforms.header_text import normalize_header

    for entry in told:
        header, equals, role = entry.rpartition("=")
        columns = [each for each in proposed.columns if normalize_header(each.header) == normalize_header(header)]
        if not equals or len(columns) != 1:
            known = ", ".join(each.header for each in proposed.columns)
            raise typer.BadParameter(f"{header or entry!r} is not one of the columns: {known}", param_hint="--column")
        if role not in (*ROLES, NONE):
            raise typer.BadParameter(f"{role!r} is none of {', '.join((*ROLES, NONE))}", param_hint="--column")
        proposed = proposed.decided(columns[0].place, role)
    return proposed


def _write(settings: Settings, folder: Path, text: str, cut: object, name: str) -> list[Path]:
    """Write the layout, and the example with what is expected of it."""
    from pharma_assets.drafting.sample_file import SampleFile
    from pharma_assets.golden import outcome_of, transforms_of, write_expected

    case = folder / "examples" / name
    layout = folder / "layout.yaml"
    folder.mkdir(parents=True, exist_ok=True)
    layout.write_text(text, encoding="utf-8")
    written = [layout]
    if isinstance(cut, SampleFile):
        case.mkdir(parents=True, exist_ok=True)
        for old in case.glob("input.*"):
            old.unlink()
        (case / f"input.{cut.suffix}").write_bytes(cut.content)
        write_expected(case, outcome_of(case, transforms_of(folder), settings.zone))
        written.append(case)
    return written
