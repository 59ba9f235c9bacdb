"""Which transform stands ready for a client's files, as the registry needs to know it."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from pharma_assets.errors import PharmaError
from pharma_assets.model.client_month import Client
from pharma_assets.model.month_range import ALWAYS, MonthRange


class TransformVersion(NamedTuple):
    """A client's transform for a report type (None: for every type that the client has no other one for) and the files
    of some months.

    The fingerprint changes when its results would. What is loaded is then due again, from the folders of the month
    `since` on.
    """

    client: Client
    report_type: str | None
    fingerprint: str
    months: MonthRange = ALWAYS
    since: date = date.min


def no_transform(client: Client, report_type: str) -> PharmaError:
    """NO_SCRIPT_FOUND for a client's report type, naming the places where its layout or script would stand."""
    return PharmaError(
        "NO_SCRIPT_FOUND",
        client=client,
        report_type=report_type,
        folder=f"{client.provider.transforms_folder}/{client.name}",
        script=f"{client.provider.scripts_folder}/{client.name}/{script_name(client)}",
    )


def script_name(client: Client) -> str:
    """The file name of a client's script (CONTRACT §4)."""
    return f"{client.name}_processing.py"
