"""`report_header/report_header.xlsx`: the header that scripts read before they write it (CONTRACT §5)."""

from __future__ import annotations

import io
from functools import cache

from pharma_assets.model.target import RESULT_HEADER

FOLDER, NAME = "report_header", "report_header.xlsx"


@cache
def header_template() -> bytes:
    """The workbook: one sheet with one row, the 27 columns in their order."""
    from openpyxl import Workbook  # noqa: PLC0415 - only where a script runs

    workbook = Workbook()
    workbook.worksheets[0].append(list(RESULT_HEADER.values()))
    content = io.BytesIO()
    workbook.save(content)
    return content.getvalue()
