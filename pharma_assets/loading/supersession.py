"""Which files count, asked of the database and carried out there: rows of those that others replace go, in the caller's
transaction; what no longer is replaced is due again. The lock of the client-month is held."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, text

from pharma_assets.errors import PharmaError
from pharma_assets.loading.primary_data import close_ledger_entry, remove_branch_days, remove_rows
from pharma_assets.loading.settlement import (
    Counts,
    Held,
    Superseded,
    Verdict,
    ids_told,
    places_told,
    settle,
)
from pharma_assets.model.client_month import ClientMonth
from pharma_assets.model.delivery import Delivered
from pharma_assets.registry import journal
from pharma_assets.registry.deliveries import (
    Known,
    Span,
    Standing,
    amounts_replaced,
    known_deliveries,
    note_held,
    note_replaced,
    note_superseded,
    with_branch_days,
)
from pharma_assets.registry.files import RegisteredFile
from pharma_assets.registry.twins import Twin, loaded_twins


@dataclass(frozen=True)
class Group:
    """The files that may replace one another: those of one client-month and report type."""

    client_month: ClientMonth
    report_type: str
    timezone: str


@dataclass(frozen=True)
class Reading:
    """A file that has just been read: its bytes, and what it delivers."""

    file: RegisteredFile
    content_hash: str
    delivered: Delivered


@dataclass(frozen=True)
class Displaced:
    """A file that was not itself worked on, and what the work on others means for it."""

    file_id: int
    path: str
    error: PharmaError


@dataclass
class Settlement:
    """What becomes of the files of a group with these readings.

    `verdicts`: on the readings. `refused`: readings that are copies of a file that counts; what was known of them
    before holds. `moved`: for a reading the files that have gone and were the same bytes. `others`: files that are not
    read, with the verdict on each.
    """

    group: Group
    verdicts: dict[int, Verdict]
    refused: dict[int, PharmaError] = field(default_factory=dict)
    moved: dict[int, list[Twin]] = field(default_factory=dict)
    others: list[tuple[Known, Verdict]] = field(default_factory=list)


def settle_group(
    connection: Connection, group: Group, readings: Sequence[Reading], absent: Collection[int] = ()
) -> Settlement:
    """Ask what becomes of the group's files, with those that are read now and without those that are `absent`."""
    readings = sorted(readings, key=lambda reading: reading.delivered.place)
    twins = {reading.file.id: _twins(connection, reading) for reading in readings}
    first = _loaded_unchanged(connection, readings)
    gone: dict[int, int] = {}
    for number, found in twins.items():
        for twin in found:
            if twin.gone:
                gone.setdefault(twin.id, number)
    refused: dict[int, PharmaError] = {}
    while True:
        candidates = [reading for reading in readings if reading.file.id not in refused]
        without = {*absent, *gone, *(reading.file.id for reading in candidates)}
        known = _concerned(connection, group, without, [reading.delivered for reading in candidates])
        files = [*(one.file for one in known), *(reading.delivered for reading in candidates)]
        delivered = {file.file_id: file for file in files}
        verdicts = settle(files)
        # The rows of a file that has gone go with the file that it has become, if that one counts.
        staying = {number for number, owner in gone.items() if not isinstance(verdicts.get(owner), Counts)}
        standing = {number: _stands(verdict, delivered[number]) for number, verdict in verdicts.items()}
        copies = _copies(candidates, twins, first, standing)
        if staying or copies or _superseder_has_gone(connection, known, verdicts):
            gone = {number: owner for number, owner in gone.items() if number not in staying}
            refused |= copies
            continue
        return Settlement(
            group,
            {reading.file.id: verdicts[reading.file.id] for reading in candidates},
            refused,
            {number: [twin for twin in found if gone.get(twin.id) == number] for number, found in twins.items()},
            [(one, verdicts[one.id]) for one in known],
        )


def copy_of(connection: Connection, group: Group, reading: Reading) -> PharmaError | None:
    """DUPLICATE_CONTENT, if the file is a copy of one that counts beside it."""
    if not _twins(connection, reading):
        return None
    return settle_group(connection, group, [reading]).refused.get(reading.file.id)


def _twins(connection: Connection, reading: Reading) -> list[Twin]:
    """The loaded files with the same bytes. A report without rows doubles nothing, and a person may have said that the
    file counts all the same."""
    if not reading.delivered.branch_days or reading.delivered.released:
        return []
    return loaded_twins(connection, reading.file, reading.content_hash)


def _concerned(
    connection: Connection, group: Group, without: Collection[int], readings: Sequence[Delivered]
) -> list[Known]:
    """The files, but for these, that the readings may have an effect on or be affected by. Without readings: all.

    What lies before the last file that replaces all others stays as it is, and increments that share no day with one
    another do not know of each other.
    """
    everything = known_deliveries(connection, group.client_month, group.report_type, group.timezone)
    known = [one for one in everything if one.id not in without]
    # What a file was before matters too: what it covered then, it may not cover now.
    before = [one for one in everything if one.id in without]
    whole = [one for one in known if one.standing is Standing.LOADED and one.file.mode.replaces_all]
    last = max((one.file.place for one in whole), default=None)
    moving = [*readings, *(one.file for one in before)]
    if readings and (last is None or all(file.place > last for file in moving)):
        known = [one for one in known if last is None or one.file.place >= last]
        in_doubt = any(one.standing is Standing.HELD and one.file.mode.replaces_all for one in known)
        if not in_doubt and not any(file.mode.replaces_all for file in moving):
            known = _sharing_days(known, [*(_span(file) for file in readings), *(one.span for one in before)])
    return with_branch_days(connection, known)


def _sharing_days(known: Sequence[Known], spans: Sequence[Span]) -> list[Known]:
    """Those that share days with one of the spans, or with one that does."""
    rest, sharing = list(known), list[Known]()
    while found := [one for one in rest if any(one.span.meets(span) for span in spans)]:
        sharing += found
        spans = [one.span for one in found]
        rest = [one for one in rest if one not in found]
    return sharing


def _span(delivered: Delivered) -> Span:
    days = [place.day for place in delivered.branch_days if place.day is not None]
    undated = any(place.day is None for place in delivered.branch_days)
    return Span(min(days, default=None), max(days, default=None), undated)


def _loaded_unchanged(connection: Connection, readings: Sequence[Reading]) -> set[int]:
    """Those of the readings that are loaded with the same bytes: they were there before their copies."""
    if len({reading.content_hash for reading in readings}) == len(readings):
        return set()
    query = "SELECT file_id, content_hash FROM ops.file_load WHERE file_id = ANY(:ids) AND superseded_at IS NULL"
    loaded = connection.execute(text(query), {"ids": [reading.file.id for reading in readings]}).all()
    hashes = {row.file_id: row.content_hash for row in loaded}
    return {reading.file.id for reading in readings if hashes.get(reading.file.id) == reading.content_hash}


def _copies(
    candidates: Sequence[Reading],
    twins: Mapping[int, Sequence[Twin]],
    first: Collection[int],
    standing: Mapping[int, bool],
) -> dict[int, PharmaError]:
    """The earliest of the candidates that is a copy of a file that counts; none, if there is none.

    `first`: those that were there before their copies. `standing`: for the files of the group, whether rows of them are
    to stand.
    """
    read = {reading.file.id: reading.content_hash for reading in candidates}
    seen: dict[str, Reading] = {}
    for reading in candidates:
        number = reading.file.id
        if reading.delivered.released or not standing[number]:
            continue
        for twin in twins[number]:
            same = read.get(twin.id, reading.content_hash) == reading.content_hash
            if not twin.gone and same and standing.get(twin.id, True):
                return {number: PharmaError("DUPLICATE_CONTENT", id=twin.id, path=twin.path)}
        earlier = seen.setdefault(reading.content_hash, reading)
        if earlier is not reading and not {number, earlier.file.id} & set(first):
            return {number: PharmaError("DUPLICATE_CONTENT", id=earlier.file.id, path=earlier.file.path)}
    return {}


def _stands(verdict: Verdict, delivered: Delivered) -> bool:
    """Whether rows of the file are to stand in the table, or would but for what holds it back."""
    if isinstance(verdict, Counts):
        return len(verdict.replaced) < len(delivered.branch_days)
    return isinstance(verdict, Held)


def _superseder_has_gone(connection: Connection, known: Sequence[Known], verdicts: Mapping[int, Verdict]) -> bool:
    """Whether the rows of a file that would replace others have just moved to another month, which is done under the
    lock of that month; if not, they do not until this transaction ends."""
    by = {verdict.by for verdict in verdicts.values() if isinstance(verdict, Superseded)}
    by |= {
        number for verdict in verdicts.values() if isinstance(verdict, Counts) for number in verdict.replaced.values()
    }
    loads = [one.load_id for one in known if one.id in by and not one.at_rest]
    if not loads:
        return False
    query = "SELECT id FROM ops.file_load WHERE id = ANY(:ids) AND superseded_at IS NULL FOR SHARE"
    return len(connection.execute(text(query), {"ids": loads}).all()) < len(loads)


def displace(
    connection: Connection, settled: Settlement, loads: Mapping[int, int], run_id: str
) -> tuple[list[str], list[Displaced]]:
    """Carry out the verdicts on the files that were not read now. `loads`: of those that were, the ledger's entries.

    Returns the results that no longer count, and what became of which file.
    """
    loads = {one.id: one.load_id for one, _ in settled.others if one.load_id is not None} | dict(loads)
    paths = {one.id: one.file.path for one, _ in settled.others}
    names: list[str] = []
    displaced: list[Displaced] = []
    for one, verdict in settled.others:
        error: PharmaError | None = None
        if isinstance(verdict, Counts):
            error = _replace_in_part(connection, settled.group, one, verdict, run_id)
        elif isinstance(verdict, Superseded) and one.standing is Standing.LOADED:
            path = paths.get(verdict.by) or _path(connection, verdict.by)
            error = PharmaError("SUPERSEDED", id=verdict.by, path=path)
            names += _take_out(connection, one, loads.get(verdict.by))
            note_superseded(connection, one.id, verdict.by)
            detail = {"by": verdict.by, "load": loads.get(verdict.by), "rows": _rows(one)}
            if _still_at_rest(connection, one):
                journal.superseded(connection, one.id, run_id, error, detail)
            else:
                journal.note(connection, one.id, "SUPERSEDED", run_id, detail)
        elif isinstance(verdict, Superseded) and one.standing is Standing.HELD:
            _make_due(connection, one, f"superseded by file {verdict.by}", run_id)
        elif isinstance(verdict, Held) and one.standing is Standing.SUPERSEDED:
            _make_due(connection, one, "no longer superseded", run_id)
        elif isinstance(verdict, Held) and (one.standing is Standing.LOADED or one.held_by != verdict.by):
            error = verdict.error
            names += _take_out(connection, one, None)
            note_held(connection, one.id, verdict.by)
            if _still_at_rest(connection, one):
                journal.held(connection, one.id, run_id, error)
            else:
                journal.note(connection, one.id, "HELD", run_id, {"message": error.message})
        if error is not None:
            displaced.append(Displaced(one.id, one.file.path, error))
    return names, displaced


def _replace_in_part(
    connection: Connection, group: Group, one: Known, verdict: Counts, run_id: str
) -> PharmaError | None:
    """A file that counts: rows that are replaced now go; it is due if rows of it have to come back."""
    if one.standing is not Standing.LOADED or one.load_id is None:
        _make_due(connection, one, "nothing holds it back any more", run_id)
        return None
    error = None
    new = verdict.replaced.keys() - one.replaced.keys()
    replaced = {**one.replaced, **verdict.replaced}
    if new:
        amounts = amounts_replaced(one.file, new)
        by = {verdict.replaced[place] for place in new}
        error = PharmaError("SUPERSEDED_IN_PART", rows=amounts.rows, ids=ids_told(by), where=places_told(new))
        superseded = amounts_replaced(one.file, replaced.keys())
        remove_branch_days(connection, one.load_id, new, superseded, group.timezone)
        detail = {"by": sorted(by), "load": one.load_id, "rows": amounts.rows, "message": error.message}
        journal.note(connection, one.id, "SUPERSEDED_IN_PART", run_id, detail)
    if replaced != one.replaced:
        note_replaced(connection, one.file, replaced)
    if one.replaced.keys() - verdict.replaced.keys():
        _make_due(connection, one, "rows of it count again", run_id)
    return error


def _take_out(connection: Connection, one: Known, superseded_by: int | None) -> list[str]:
    if one.load_id is None:
        return []
    names = remove_rows(connection, one.id)
    close_ledger_entry(connection, one.load_id, superseded_by)
    return names


def _rows(one: Known) -> int:
    return sum(amounts.rows for place, amounts in one.file.branch_days.items() if place not in one.replaced)


def _make_due(connection: Connection, one: Known, why: str, run_id: str) -> None:
    """Its rows have to be read again. A file that has gone cannot be, and one that is due for another reason is."""
    if _still_at_rest(connection, one):
        journal.due_again(connection, one.id, why, run_id=run_id)


def _still_at_rest(connection: Connection, one: Known) -> bool:
    """Whether its status still tells how it stands; a scan may have found meanwhile that it was changed or has gone."""
    query = "SELECT status, version FROM ops.file_registry WHERE id = :id FOR UPDATE"
    row = connection.execute(text(query), {"id": one.id}).one()
    status = "ERROR" if one.standing is Standing.HELD else "CREATED"
    return one.at_rest and (row.status, row.version) == (status, one.version)


def _path(connection: Connection, file_id: int) -> str:
    query = "SELECT file_path FROM ops.file_registry WHERE id = :id"
    return str(connection.scalar(text(query), {"id": file_id}))


def settle_anew(connection: Connection, group: Group, run_id: str, absent: Collection[int] = ()) -> list[str]:
    """Some file of the group may no longer count: carry out what that means for the others. Returns the results that no
    longer count."""
    names, _ = displace(connection, settle_group(connection, group, [], absent), {}, run_id)
    return names


def wake(connection: Connection, file_id: int, to: RegisteredFile, run_id: str) -> None:
    """The rows of a file have gone to this one: what they stood for, in another month, is due again. The lock of that
    month is not held, so nothing else is decided here."""
    rows = connection.execute(
        text(
            """
            SELECT f.id FROM ops.delivery moved
            JOIN ops.file_registry m ON m.id = moved.file_id
            JOIN ops.file_registry f USING (data_provider, client_name, report_year, report_month, report_type)
            JOIN ops.delivery d ON d.file_id = f.id
            WHERE moved.file_id = :file_id AND (m.report_year, m.report_month) <> (:year, :month)
              AND moved.mode <> 'increment' AND f.status = 'CREATED' AND (
                f.error_reason = 'SUPERSEDED'
                OR d.branch_days @> jsonb_build_array(jsonb_build_object('superseded_by', moved.file_id)))
            ORDER BY f.id
            """
        ),
        {"file_id": file_id, "year": to.client_month.year, "month": to.client_month.month},
    )
    for other in rows.scalars().all():
        journal.due_again(connection, other, f"the rows of file {file_id} have moved away", run_id=run_id)
