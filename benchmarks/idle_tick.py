"""A tick of each of our sensors that finds nothing, at 14,400 partitions, beside that of a sensor that does nothing:
`python -m benchmarks.idle_tick`. All are whole turns of Dagster's daemon, in this process.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from dagster import DagsterInstance
from dagster._core.scheduler.instigation import InstigatorType, TickStatus
from dagster._daemon.sensor import execute_sensor_iteration

from benchmarks.full_house import full_house
from benchmarks.measure import Step, Target, interleave, show_targets, show_times
from pharma_assets_tests.platform.control_room import rest, workspace

LIMIT = 2.0


@contextmanager
def turn(instance: DagsterInstance, module: str) -> Iterator[Callable[[], None]]:
    """The daemon's turn at the module's sensors: those that are due are evaluated."""
    with workspace(instance, module, location=module) as process:

        def once() -> None:
            list(
                execute_sensor_iteration(
                    process, logging.getLogger("sensor"), threadpool_executor=None, submit_threadpool_executor=None
                )
            )

        yield once


def idle(instance: DagsterInstance) -> bool:
    """Whether every tick of every sensor has found nothing."""
    ticks = [
        tick
        for state in instance.all_instigator_state(instigator_type=InstigatorType.SENSOR)
        for tick in instance.get_ticks(state.instigator_origin_id, state.selector_id)
    ]
    return bool(ticks) and all(tick.status is TickStatus.SKIPPED for tick in ticks)


def main() -> int:
    """Run the benchmark; 1 if the target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=80)
    parser.add_argument("--months", type=int, default=180)
    parser.add_argument("--rounds", type=int, default=9)
    given = parser.parse_args()
    with full_house(given.clients, given.months):
        from pharma_assets.instance import dagster_instance  # noqa: PLC0415 - it reads the environment

        with (
            dagster_instance() as instance,
            turn(instance, "benchmarks.empty_sensor") as nothing,
            turn(instance, "pharma_assets.definitions") as ours,
        ):
            nothing()
            ours()
            floor, inbox, alerts = steps = [
                Step(name, once, partial(rest, instance, sensor))
                for name, sensor, once in (
                    ("one of a sensor that does nothing", "empty_sensor", nothing),
                    ("the daemon's turn with an idle `inbox_sensor`", "inbox_sensor", ours),
                    ("the daemon's turn with an idle `alerts_sensor`", "alerts_sensor", ours),
                )
            ]
            interleave(steps, given.rounds)
            assert idle(instance), "something was due"
    show_times(f"{given.clients * given.months:,} partitions, each with a file, {given.rounds} rounds", steps)
    return 0 if show_targets([Target(inbox, floor, LIMIT), Target(alerts, floor, LIMIT)]) else 1


if __name__ == "__main__":
    sys.exit(main())
