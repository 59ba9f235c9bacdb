"""Asks one engine after the other until one of them has read a workbook."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from pharma_assets.errors import PharmaError
from pharma_assets.reading.markup.recognition import printable
from pharma_assets.reading.sheet import Document


@dataclass(frozen=True)
class Engine:
    """A way to read a workbook; `read` may raise anything, and BaseExceptions too where it is written in Rust."""

    name: str
    read: Callable[[], Document]


class Declined(Exception):
    """An engine is not asked to read a workbook; the message says why, in words that can follow its name."""


def read_by(title: str, engines: Sequence[Engine]) -> Document:
    """What the first engine reads that finds a cell; if none does, what the first one reads that does not fail.

    A document that is not the first engine's says so in its remarks. Raises CORRUPT_FILE when all engines fail,
    and whatever PharmaError an engine raises when no earlier one has read the workbook.
    """
    empty: Document | None = None
    reasons: list[str] = []
    failure: BaseException | None = None
    for engine in engines:
        try:
            document = engine.read()
        except (KeyboardInterrupt, SystemExit):
            raise
        except (PharmaError, MemoryError):
            if empty is None:
                raise
        except Declined as declined:
            reasons.append(str(declined))
        except BaseException as error:  # panics are such
            reasons.append(f"failed: {_why(error)}")
            failure = failure or error
        else:
            if any(sheet.columns for sheet in document.sheets):
                return _remarked(document, engines[0].name, reasons)
            reasons.append("found no cell")
            # An engine that finds nothing where another has failed proves nothing.
            empty = empty or (_remarked(document, engines[0].name, reasons[:-1]) if failure is None else None)
    if empty is not None:
        return empty
    raise PharmaError("CORRUPT_FILE", format=title, why=_why(failure) if failure else reasons[0]) from failure


def _remarked(document: Document, first: str, reasons: list[str]) -> Document:
    if not reasons:
        return document
    remark = PharmaError("SECOND_ENGINE", engine=document.engine, first=first, why=reasons[0])
    return replace(document, remarks=(*document.remarks, remark))


def _why(error: BaseException) -> str:
    return printable(str(error)) or type(error).__name__
