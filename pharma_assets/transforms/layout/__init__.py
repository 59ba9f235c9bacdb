"""`layout.yaml`: facts of one supplier's reports, checked before any report meets them; unknown keys are refused.

`file` is what stands in the YAML, `flat` what follows from it for one report type and one month, which is all that the
rest of the house sees.
"""

from __future__ import annotations

from pharma_assets.transforms.layout.agreement import Every, Schedule
from pharma_assets.transforms.layout.columns import (
    AMOUNT,
    TARGETS,
    ColumnRule,
    DateOrder,
    DecimalMark,
    Lookup,
    Parse,
    lookup_key,
)
from pharma_assets.transforms.layout.fields import Fact, RegistryField, Waybill, segments_of
from pharma_assets.transforms.layout.file import Effective, LayoutFile, Version, read_layout
from pharma_assets.transforms.layout.flat import ENGINE_VERSION, Layout, Sheets, Totals
from pharma_assets.transforms.layout.row_rules import LeftOut, Volume

__all__ = [
    "AMOUNT",
    "ENGINE_VERSION",
    "TARGETS",
    "ColumnRule",
    "DateOrder",
    "DecimalMark",
    "Effective",
    "Every",
    "Fact",
    "Layout",
    "LayoutFile",
    "LeftOut",
    "Lookup",
    "Parse",
    "RegistryField",
    "Schedule",
    "Sheets",
    "Totals",
    "Version",
    "Volume",
    "Waybill",
    "lookup_key",
    "read_layout",
    "segments_of",
]
