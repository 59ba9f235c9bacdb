"""The result file: the normalized report as people open it, «Итоговые отчёты» → «Данные на загрузку» (CONTRACT §4)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from pharma_assets.errors import PharmaError
from pharma_assets.files import LONGEST_NAME, flush_to_disk, holds, move_into, writing_error
from pharma_assets.model.target import COLUMNS, RESULT_HEADER, TRACE_COLUMNS, TYPES, Type

# report_header.xlsx first, in its order, because scripts and people rely on it; then what it lacks.
_COLUMNS = [
    *RESULT_HEADER,
    *(column.name for column in COLUMNS if column.name not in RESULT_HEADER and column.name != "filename_result"),
    *TRACE_COLUMNS,
]

# Excel takes a text that begins so for a formula, whoever wrote it.
_FORMULA = r"(?s)^[=+@\t\r-]."
_FORMULA_BEGINS = frozenset(b"=+@\t\r-")

_OWNER = re.compile(r"_id([0-9]{1,19})(?=_)")
_LARGEST_ID = 2**63 - 1


def result_name(client: str, file_id: int, source_path: str, moment: datetime, suffix: str = ".csv") -> str:
    """`{Client}_id{ID}_{source_basename}_{YYYYMMDD_HHMMSS}` with the suffix; the basename is cut where a name would be
    too long."""
    head, tail = f"{client}_id{file_id}_", f"_{moment:%Y%m%d_%H%M%S}{suffix}"
    room = LONGEST_NAME - len((head + tail).encode())
    stem = PurePosixPath(source_path).stem.encode()[: max(room, 0)].decode(errors="ignore")
    return f"{head}{stem}{tail}"


def render(table: pa.Table, constants: Mapping[str, str], timezone: ZoneInfo) -> bytes:
    """The report as CSV: utf-8 with BOM, `;`, ISO dates in local time, decimal points, texts that look like formulas
    escaped by an apostrophe. `constants` are columns with one value for all rows."""
    columns = {}
    for name in _COLUMNS:
        if name in constants:
            values = pa.repeat(constants[name], table.num_rows)
        elif name in table.column_names:
            values = _as_text(table[name].combine_chunks(), TYPES.get(name), timezone)
        else:
            values = pa.nulls(table.num_rows, pa.string())
        columns[name] = values
    sink = pa.BufferOutputStream()
    sink.write("\ufeff".encode() + ";".join(RESULT_HEADER.get(name, name) for name in _COLUMNS).encode() + b"\n")
    csv.write_csv(
        pa.table(columns), sink, csv.WriteOptions(include_header=False, delimiter=";", quoting_style="needed")
    )
    return bytes(sink.getvalue())


def _as_text(values: pa.Array, type_: Type | None, timezone: ZoneInfo) -> pa.Array:
    if type_ is Type.MOMENT:
        encoded = values.dictionary_encode()
        texts = [_iso(moment.astimezone(timezone)) for moment in encoded.dictionary.to_pylist()]
        return pa.array(texts, pa.string()).take(encoded.indices)
    if type_ is not None and type_.is_numeric:
        # Excel of a Russian system makes a date of `1.000`, and a whole number of `1`.
        encoded = values.dictionary_encode()
        texts = [f"{value.normalize():f}" for value in encoded.dictionary.to_pylist()]
        return pa.array(texts, pa.string()).take(encoded.indices)
    if not pa.types.is_string(values.type):
        return values
    if not _FORMULA_BEGINS.intersection(_first_bytes(values)):
        return values
    formula = pc.fill_null(pc.match_substring_regex(values, _FORMULA), False)
    return pc.if_else(formula, pc.binary_join_element_wise("'", values, ""), values)


def _first_bytes(values: pa.Array) -> set[int]:
    """Those with which texts begin. A pattern looks at each text; this only at the column's buffers."""
    if not values.null_count < len(values):
        return set()
    ends = np.frombuffer(values.buffers()[1], np.int32)[values.offset : values.offset + len(values) + 1]
    starts = ends[:-1][ends[1:] > ends[:-1]]
    return set(np.unique(np.frombuffer(values.buffers()[2], np.uint8)[starts]).tolist())


def _iso(moment: datetime) -> str:
    midnight = (moment.hour, moment.minute, moment.second, moment.microsecond) == (0, 0, 0, 0)
    return f"{moment:%Y-%m-%d}" if midnight else moment.replace(tzinfo=None).isoformat(sep=" ")


@dataclass(frozen=True)
class ResultFile:
    """A result file and the SHA-256 of its bytes. `path` is where it stands now."""

    path: Path
    digest: str


def write_draft(folder: Path, name: str, content: bytes) -> ResultFile:
    """Write the file into «Итоговые отчёты» and check what stands on the disk. Raises PharmaError NO_SPACE,
    PATH_TOO_LONG or LOCKED."""
    path = folder / name
    digest = hashlib.sha256(content).hexdigest()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        flush_to_disk(path)
        stands = holds(path, content)
    except OSError as error:
        with suppress(OSError):
            path.unlink()  # torn, and in the way where there is no space
        raise writing_error(error, path) from error
    if not stands:
        raise PharmaError("LOCKED", why=f"{path} reads back differently from what was written")
    return ResultFile(path, digest)


def publish(draft: ResultFile, folder: Path, moment: datetime) -> ResultFile:
    """Move a checked draft to «Данные на загрузку», by the rules of `files.move_into`. Raises PharmaError NO_SPACE,
    PATH_TOO_LONG or LOCKED."""
    try:
        return ResultFile(move_into(draft.path, folder, moment), draft.digest)
    except OSError as error:
        raise writing_error(error, folder / draft.path.name) from error


def owner_ids(name: str) -> set[int]:
    """The files of the registry that a result or draft of this name may belong to: one, unless a client's or a source's
    name looks like the part between them."""
    return {int(number) for number in _OWNER.findall(name) if int(number) <= _LARGEST_ID}
