"""The keys of the assets that more than one module speaks of."""

from __future__ import annotations

from dagster import AssetKey

FILE_REGISTRY = AssetKey("file_registry")
NORMALIZED_REPORT = AssetKey("normalized_report")
PRIMARY_DATA = AssetKey("primary_data")
