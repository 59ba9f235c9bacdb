"""Every kind of workbook, each as a function from a table to bytes."""

from __future__ import annotations

from collections.abc import Callable

from pharma_assets_tests.database.bad_inputs.markup import ods, spreadsheet_2003
from pharma_assets_tests.database.bad_inputs.tables import Table
from pharma_assets_tests.database.bad_inputs.workbooks import xls, xlsb, xlsx

EVERY_BUILDER: dict[str, Callable[[Table], bytes]] = {
    "xlsx": xlsx,
    "xls": xls,
    "xlsb": xlsb,
    "ods": ods,
    "xml 2003": spreadsheet_2003,
}
