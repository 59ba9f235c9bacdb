"""The plan is pure: due files in, client-months to work on out."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from pharma_assets.intake import plan
from pharma_assets.model.client_month import Client, ClientMonth
from pharma_assets.model.provider import Provider
from pharma_assets.model.status import Status
from pharma_assets.registry.files import RegisteredFile

MAY, JUNE = (ClientMonth(Client(Provider.CHAIN, "Client_01"), 2025, month) for month in (5, 6))
FILE = RegisteredFile(
    id=1,
    path="a.csv",
    client_month=JUNE,
    report_type="Type1",
    status=Status.NEW,
    reason=None,
    version=1,
    attempt=0,
    uploaded_at=datetime(2025, 6, 1, tzinfo=UTC),
    content_hash=None,
    fingerprint=None,
    result_name=None,
    released=False,
)


def test_due_files_are_grouped_and_the_oldest_comes_first() -> None:
    files = [FILE, replace(FILE, id=2, client_month=MAY), replace(FILE, id=3)]
    assert [(request.client_month, request.file_ids) for request in plan(files, ())] == [(JUNE, (1, 3)), (MAY, (2,))]


def test_a_busy_client_month_waits() -> None:
    assert [request.client_month for request in plan([FILE, replace(FILE, id=2, client_month=MAY)], {JUNE})] == [MAY]


def test_the_digest_is_of_the_work_not_of_the_moment() -> None:
    (request,) = plan([FILE, replace(FILE, id=2)], ())
    (swapped,) = plan([replace(FILE, id=2), FILE], ())
    assert request.digest == swapped.digest
    for other in (replace(FILE, version=2), replace(FILE, attempt=1), replace(FILE, status=Status.ERROR)):
        assert plan([other, replace(FILE, id=2)], ())[0].digest != request.digest
