"""How a document crosses from the reading process to the one that asked: JSON for its shape, Arrow for its columns.

No pickle: whatever a hostile file makes of the reading process, it cannot make anybody else run code.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from typing import IO, Any

import numpy as np
import pyarrow as pa

from pharma_assets.errors import PharmaError
from pharma_assets.reading.sheet import Document, Merge, Sheet

_LENGTH = struct.Struct("<Q")


class Closed(Exception):
    """The other side has gone."""


def send_json(stream: IO[bytes], message: Mapping[str, object]) -> None:
    """Send one message."""
    # Half a surrogate pair, from a damaged workbook's sheet name, passes as it is.
    _send(stream, json.dumps(message).encode())
    stream.flush()


def receive_json(stream: IO[bytes]) -> dict[str, Any]:
    """The next message. Raises Closed at the end of the stream."""
    message: dict[str, Any] = json.loads(_receive(stream))
    return message


def receive_bytes(stream: IO[bytes], size: int) -> bytes:
    """Exactly `size` bytes. Raises Closed where the stream ends before."""
    content = stream.read(size)
    if len(content) < size:
        raise Closed
    return content


def send_problem(stream: IO[bytes], problem: PharmaError) -> None:
    """Send a problem in place of a document."""
    send_json(stream, {"problem": _told(problem)})


def send_document(stream: IO[bytes], document: Document) -> None:
    """Send a document: one message with its shape, then one with each distinct array."""
    arrays: list[Any] = []
    places: dict[int, int] = {}

    def place(array: Any) -> int | None:
        if array is None:
            return None
        # The thousands of blank columns before a stray cell are one array, which is sent once.
        if id(array) not in places:
            places[id(array)] = len(arrays)
            arrays.append(array)
        return places[id(array)]

    sheets = [
        {
            "name": sheet.name,
            "visible": sheet.visible,
            "from_1904": sheet.from_1904,
            "merges": [
                (merge.first_row, merge.last_row, merge.first_column, merge.last_column) for merge in sheet.merges
            ],
            "rows": place(sheet.rows),
            "widths": place(sheet.widths),
            "hidden": place(sheet.hidden),
            "columns": [place(column) for column in sheet.columns],
            "kinds": [place(kinds) for kinds in sheet.kinds],
        }
        for sheet in document.sheets
    ]
    shape = {
        "format": document.format,
        "engine": document.engine,
        "encoding": document.encoding,
        "delimiter": document.delimiter,
        "remarks": [_told(remark) for remark in document.remarks],
        "sheets": sheets,
    }
    send_json(stream, {"document": shape, "arrays": len(arrays)})
    for array in arrays:
        _send_array(stream, array)
    stream.flush()


def receive_document(stream: IO[bytes]) -> Document:
    """The next document. Raises the problem that was sent in its place, and Closed at the end of the stream."""
    message = receive_json(stream)
    if "problem" in message:
        raise _problem(message["problem"])
    arrays = [_receive_array(stream) for _ in range(message["arrays"])]
    shape = message["document"]
    return Document(
        shape["format"],
        shape["engine"],
        tuple(_sheet(sheet, arrays) for sheet in shape["sheets"]),
        shape["encoding"],
        shape["delimiter"],
        tuple(_problem(remark) for remark in shape["remarks"]),
    )


def _sheet(shape: dict[str, Any], arrays: list[pa.Array]) -> Sheet:
    numbers = {name: _numpy(arrays[shape[name]]) for name in ("rows", "widths", "hidden") if shape[name] is not None}
    kinds = {place: _numpy(arrays[place]) for place in set(shape["kinds"])}
    return Sheet(
        name=shape["name"],
        rows=numbers["rows"],
        columns=tuple(arrays[place] for place in shape["columns"]),
        kinds=tuple(kinds[place] for place in shape["kinds"]),
        widths=numbers.get("widths"),
        visible=shape["visible"],
        hidden=numbers.get("hidden"),
        merges=tuple(Merge(*merge) for merge in shape["merges"]),
        from_1904=shape["from_1904"],
    )


def _numpy(array: pa.Array) -> Any:
    return array.to_numpy(zero_copy_only=False)


def _told(problem: PharmaError) -> dict[str, object]:
    facts = {name: fact if isinstance(fact, int) else str(fact) for name, fact in problem.facts.items()}
    return {"code": problem.code, "facts": facts}


def _problem(told: dict[str, Any]) -> PharmaError:
    return PharmaError(told["code"], **told["facts"])


def _send(stream: IO[bytes], payload: bytes | memoryview) -> None:
    stream.write(_LENGTH.pack(len(payload)))
    stream.write(payload)


def _receive(stream: IO[bytes]) -> bytes:
    (size,) = _LENGTH.unpack(receive_bytes(stream, _LENGTH.size))
    return receive_bytes(stream, size)


def _send_array(stream: IO[bytes], array: Any) -> None:
    column = pa.array(array) if isinstance(array, np.ndarray) else array
    sink = pa.BufferOutputStream()
    batch = pa.record_batch([column], names=["column"])
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    _send(stream, memoryview(sink.getvalue()))


def _receive_array(stream: IO[bytes]) -> pa.Array:
    with pa.ipc.open_stream(_receive(stream)) as reader:
        return reader.read_next_batch().column(0)
