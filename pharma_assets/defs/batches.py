"""Many client-months due at once: they share runs, for a process each would cost more than most files."""

# Dagster reads the annotations, so they are not postponed here.

from dagster import Config, OpExecutionContext, in_process_executor, job, op
from pydantic import Field

from pharma_assets.defs.checks import CHECK_NAMES
from pharma_assets.defs.keys import NORMALIZED_REPORT, PRIMARY_DATA
from pharma_assets.defs.platform import PlatformResource
from pharma_assets.defs.runs import BATCH_JOB_NAME, BATCH_OP, POOL
from pharma_assets.model.client_month import ClientMonth


class BatchConfig(Config):
    """Which client-months a run works through, and how."""

    client_months: list[str] = Field(description="Partition keys, as Дистрибьюторы/Client_01|2025-06.")
    rebuild: bool = Field(default=False, description="As for client_month_job.")


@op(name=BATCH_OP, pool=POOL)
def client_months_op(context: OpExecutionContext, config: BatchConfig, platform: PlatformResource) -> None:
    """Each client-month in turn, as a run of its own would work on it."""
    from pharma_assets.defs.work import Order, work_through  # noqa: PLC0415 - definitions load fast

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
