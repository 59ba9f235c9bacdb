"""`pharma-assets reference …`: the lists that say who a supplier is, and what kind of buyer a client is."""

# ruff: noqa: PLC0415 - `--help` must stay fast

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pharma_assets.cli.months import first_day
from pharma_assets.cli.opened import opened_platform
from pharma_assets.cli.tables import plain, plain_table

if TYPE_CHECKING:
    from pharma_assets.errors import PharmaError

app = typer.Typer(no_args_is_help=True, help="The reference lists of suppliers and client types.")

AsJson = Annotated[bool, typer.Option("--json", help="One JSON document.")]
Month = Annotated[str | None, typer.Option(help="Only this month of folders, as 2025-06.")]

_MOST_UNMATCHED = 5


@app.command("import")
def import_list(
    file: Annotated[Path, typer.Argument(help="A csv or workbook with one of the lists, or both.")],
    why: Annotated[str, typer.Option(help="Why; it is kept with the version.")] = "",
    as_json: AsJson = False,
) -> None:
    """Make a list count from now on. A list with a wrong line is refused as a whole, and nothing changes."""
    from pharma_assets.errors import PharmaError
    from pharma_assets.loading.reference_lists import import_lists

    with opened_platform() as platform:
        found = import_lists(platform, file, why.strip())
    if as_json:
        shown = {**vars(found), "problems": _told(found.problems), "remarks": _told(found.remarks)}
        typer.echo(json.dumps(shown, ensure_ascii=False))
    else:
        for problem in (*found.problems, *found.remarks):
            typer.echo(f"{problem.code}  {problem.message}\n    {problem.advice}")
    if found.problems:
        raise PharmaError("REFERENCE_REFUSED", file=file.name, problems=len(found.problems))
    if not as_json:
        counts = {"suppliers": found.suppliers, "client types": found.client_types}
        brought = ", ".join(f"{count} {name}" for name, count in counts.items() if count is not None)
        state = "counts from now on" if found.is_new else "counts already: the lists are the same"
        typer.echo(f"version {found.version} ({brought}) {state}")


@app.command("list")
def list_versions(as_json: AsJson = False) -> None:
    """Every version of the lists, the latest first: it is the one that counts."""
    from pharma_assets.cli.status import console
    from pharma_assets.reference.store import versions

    with opened_platform() as platform, platform.engine.connect() as connection:
        found = versions(connection)
    if as_json:
        shown = [{**asdict(version), "imported_at": version.imported_at.isoformat()} for version in found]
        typer.echo(json.dumps({"versions": shown}, ensure_ascii=False))
        return
    table = plain_table(
        "version", "imported", "by", "brings", "suppliers", "client types", "files loaded with it", "from"
    )
    for version in found:
        counts = (version.suppliers, version.client_types, version.loads)
        table.add_row(
            *(str(version.id), f"{version.imported_at:%Y-%m-%d %H:%M}", plain(version.source.who)),
            *(" + ".join(version.brings), *map(str, counts)),
            plain(f"{version.source.name} {version.source.why}".strip()),
        )
    console().print(table if found else "No reference list is imported.")


@app.command("diff")
def diff(
    before: Annotated[int | None, typer.Argument(help="A version; the one before the latest if not given.")] = None,
    after: Annotated[int | None, typer.Argument(help="Another version; the latest if not given.")] = None,
    as_json: AsJson = False,
) -> None:
    """What two versions of the lists say differently."""
    from pharma_assets.cli.status import console
    from pharma_assets.reference.lists import ReferenceLists
    from pharma_assets.reference.store import differences, lists_of, versions

    with opened_platform() as platform, platform.engine.connect() as connection:
        known = [version.id for version in versions(connection)]
        new = after if after is not None else next(iter(known), None)
        old = before if before is not None else next((each for each in known if new is not None and each < new), None)
        lists = [ReferenceLists() if each is None else lists_of(connection, each) for each in (old, new)]
    found = differences(*lists)
    if as_json:
        document = {"before": old, "after": new, "differences": [asdict(each) for each in found]}
        typer.echo(json.dumps(document, ensure_ascii=False))
        return
    table = plain_table("list", "key", f"version {old or '–'}", f"version {new or '–'}")
    for each in found:
        table.add_row(each.list, plain(each.key), plain(each.before or "–"), plain(each.after or "–"))
    console().print(table if found else "They say the same.")


@app.command("apply")
def apply(
    month: Month = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would change.")] = False,
    as_json: AsJson = False,
) -> None:
    """Bring the lists to what is loaded already: the files whose rows they change are due at the next tick."""
    from pharma_assets.cli.status import console
    from pharma_assets.loading.reference_lists import apply_lists

    with opened_platform() as platform:
        found = apply_lists(platform, first_day(month), dry_run=dry_run)
    if as_json:
        files = [{**asdict(each), "client_month": str(each.client_month)} for each in found.files]
        document = {"version": found.version, "files": files, "due": found.due, "busy": found.busy}
        typer.echo(json.dumps(document, ensure_ascii=False))
        return
    table = plain_table("client-month", "file", "column", "is", "would be", "rows")
    for file in found.files:
        for change in file.changes:
            table.add_row(
                *(plain(str(file.client_month)), str(file.file_id), change.column),
                *(plain(change.before or "–"), plain(change.after or "–"), str(change.rows)),
            )
    out = console()
    if any(file.changes for file in found.files):
        out.print(table)
    gone = sum(file.is_gone for file in found.files)
    unsure = sum(not file.certain for file in found.files)
    out.print(
        f"version {found.version}: {len(found.files)} files differ"
        f"{f', {unsure} of which only loading them will tell' if unsure else ''}"
        f"{f', {gone} have gone from the inbox and stay as they are' if gone else ''}"
        + ("." if dry_run else f"; {len(found.due)} are due at the next tick, {len(found.busy)} are being worked on.")
        if found.version is not None
        else "No reference list is imported."
    )


@app.command("coverage")
def coverage(
    month: Month = None,
    client: Annotated[str | None, typer.Option(help="Only this client folder.")] = None,
    as_json: AsJson = False,
) -> None:
    """How many rows have a supplier and a client type, and which keys no list knows."""
    from pharma_assets.cli.status import console
    from pharma_assets.loading.reference_coverage import coverage as covered

    with opened_platform() as platform, platform.engine.connect() as connection:
        found = covered(connection, first_day(month), client)
    if as_json:
        months = [
            {"client_month": str(each.client_month), "passed": each.finding.passed, **each.finding.figures}
            for each in found
        ]
        typer.echo(json.dumps({"client_months": months}, ensure_ascii=False))
        return
    table = plain_table("client-month", "rows", "supplier_id", "supplier_name", "client_type", "no list knows")
    for each in found:
        figures: dict[str, Any] = dict(each.finding.figures)
        rows = figures.get("rows", 0)
        shares = [
            f"{figures.get(f'with_{name}', 0) / rows:.1%}" if rows else "–"
            for name in ("supplier_id", "supplier_name", "client_type")
        ]
        unmatched = [
            f"{name}: {key or '(blank)'} ({count})"
            for name in ("supplier_id", "client_type")
            for key, count in list(figures.get(f"without_{name}", {}).items())[:_MOST_UNMATCHED]
        ]
        table.add_row(plain(str(each.client_month)), str(rows), *shares, plain("\n".join(unmatched)))
    console().print(table if any(each.finding.figures for each in found) else "No reference list is imported.")


def _told(problems: tuple[PharmaError, ...]) -> list[dict[str, str]]:
    return [{"code": each.code, "message": each.message, "advice": each.advice} for each in problems]
