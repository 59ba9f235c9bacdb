"""A client's first layout with its first golden example: the layout must load both the sample and the example."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from zoneinfo import ZoneInfo

from pharma_assets.drafting.anonymous import anonymized
from pharma_assets.drafting.draft import Draft
from pharma_assets.drafting.sample_file import SampleFile, cut_text, write_text, write_workbook
from pharma_assets.drafting.settling import Settled, Trial, settle
from pharma_assets.drafting.sketch import About
from pharma_assets.reading.document import read_document
from pharma_assets.reading.hints import Hints
from pharma_assets.reading.sheet import Document


def with_example(
    draft: Draft,
    about: About,
    document: Document,
    content: bytes,
    timezone: ZoneInfo,
    month: date | None = None,
    *,
    anonymous: bool = False,
) -> tuple[Settled, SampleFile | None]:
    """The settled layout, and the beginning of the sample as an example that it loads; None where there is none.

    `content` are the bytes that `document` was read from. Raises PharmaError DRAFT_NO_PERIOD.
    """
    whole = Trial(document, month)
    settled = settle(draft, about, [whole], timezone)
    if settled.report is None or settled.problem is not None:
        return settled, None
    totals = tuple(total.row for total in settled.report.control_totals)
    # A total over the whole report is wrong over its beginning.
    for without in ((), totals):
        example = _cut(draft, document, content, without, anonymous=anonymous)
        part = read_document(example.content, Hints(headers=settled.layout.known_headers))
        both = settle(draft, about, [whole, Trial(part, whole=False)], timezone)
        if both.problem is None:
            return both, example
    return replace(settled, problem=both.problem), None


def _cut(draft: Draft, document: Document, content: bytes, without: tuple[int, ...], *, anonymous: bool) -> SampleFile:
    header_end = draft.row + draft.depth - 1
    if document.format != "csv":
        return write_workbook(anonymized(document, draft) if anonymous else document, header_end, without)
    if anonymous:
        return write_text(anonymized(document, draft), header_end, without)
    return cut_text(content, document, header_end, without)
