"""Which transform stands ready for a client's files, as the registry needs to know it."""

from __future__ import annotations

from typing import NamedTuple

from pharma_assets.errors import PharmaError
from pharma_assets.model.client_month import Client
from pharma_assets.model.month_range import ALWAYS, MonthRange


class TransformVersion(NamedTuple):
    """A client's transform for a report type (None: for every type) and the files of some months; the fingerprint
    changes when its results would."""

    client: Client
    report_type: str | None
    fingerprint: str
    months: MonthRange = ALWAYS


def no_transform(client: Client, report_type: str) -> PharmaError:
    """NO_SCRIPT_FOUND for a client's report type, naming the folder where its layout would stand."""
    folder = f"{client.provider.transforms_folder}/{client.name}"
    return PharmaError("NO_SCRIPT_FOUND", client=client, report_type=report_type, folder=folder)
