"""Many client-months due at once: they share runs, for a process each would cost more than most files."""

# Dagster reads the annotations, so they are not postponed here.

import hashlib
from collections.abc import Sequence
from datetime import date

from dagster import Config, OpExecutionContext, in_process_executor, job, op
from pydantic import Field

from pharma_assets.defs.checks import CHECK_NAMES
from pharma_assets.defs.keys import NORMALIZED_REPORT, PRIMARY_DATA
from pharma_assets.defs.platform import PlatformResource
from pharma_assets.defs.runs import BATCH_JOB_NAME, BATCH_OP
from pharma_assets.defs.work import POOL, Order, work_through
from pharma_assets.intake import Request
from pharma_assets.model.client_month import ClientMonth


class BatchConfig(Config):
    """Which client-months a run works through, and how."""

    client_months: list[str] = Field(description="Partition keys, as Дистрибьюторы/Client_01|2025-06.")
    rebuild: bool = Field(default=False, description="As for client_month_job.")


@op(name=BATCH_OP, pool=POOL)
def client_months_op(context: OpExecutionContext, config: BatchConfig, platform: PlatformResource) -> None:
    """Each client-month in turn, as a run of its own would work on it."""
    order = Order(
        assets=(NORMALIZED_REPORT, PRIMARY_DATA),
        checks=CHECK_NAMES,
        rebuild=config.rebuild,
        retry=context.run.parent_run_id is not None,
        planned=False,
    )
    with platform.open_for_run(context.instance, context.run.run_id) as opened:
        work_through(context, opened, [ClientMonth.of_key(key) for key in config.client_months], order)


@job(
    name=BATCH_JOB_NAME,
    executor_def=in_process_executor,
    description="Takes in many client-months, one after the other; the sensor starts it when many are due at once.",
)
def client_months_batch_job() -> None:
    client_months_op()


def is_fresh(request: Request, today: date) -> bool:
    """Whether it is about this month or the last one: what people wait for, before whatever is older."""
    month = request.client_month
    return (today.year - month.year) * 12 + today.month - month.month <= 1


def share_out(requests: Sequence[Request], runs: int, most: int) -> list[list[Request]]:
    """Spread requests over `runs` batches or more, of `most` client-months or fewer, each with about as many files.

    The order within a batch is that of `requests`.
    """
    count = min(len(requests), max(runs, -(-len(requests) // most)))
    batches: list[list[int]] = [[] for _ in range(count)]
    weights = [1 + len(request.file_ids) for request in requests]
    loads = [0] * count
    for number in sorted(range(len(requests)), key=lambda number: -weights[number]):
        lightest = min((batch for batch in range(count) if len(batches[batch]) < most), key=loads.__getitem__)
        batches[lightest].append(number)
        loads[lightest] += weights[number]
    return [[requests[number] for number in sorted(batch)] for batch in batches]


def digest_of(requests: Sequence[Request]) -> str:
    """The same for the same work due."""
    return hashlib.sha256(repr(sorted(request.digest for request in requests)).encode()).hexdigest()[:16]
