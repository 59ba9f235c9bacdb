"""The questions of Dagster's matrix pages at 14,400 partitions, beside 100: `python -m benchmarks.matrix`.

Two platforms stand in processes of their own and answer in turn. Timed are the answers to the GraphQL queries that the
pages send, as the webserver would give them, and in these what the database is asked. The rest of an answer, Dagster's
own work on each cell of the matrix, grows with their number and has no target.
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import IO, Any, cast

from sqlalchemy import Engine, event

from benchmarks.full_house import House, full_house
from benchmarks.measure import Step, Target, show_targets, show_times

LIMIT = 2.0
FEW, MANY = (10, 10), (80, 180)

_NODE = 'assetNodeOrError(assetKey: {path: ["primary_data"]})'
_RANGES = """{ primaryDimensionName ranges { primaryDimStartKey primaryDimEndKey primaryDimStartTime primaryDimEndTime
    secondaryDim { %s } } }"""
_OF_ASSET = "... on DefaultPartitionStatuses { materializedPartitions materializingPartitions failedPartitions }"
_OF_CHECK = """... on AssetCheckDefaultPartitionStatuses { succeededPartitions failedPartitions inProgressPartitions
    skippedPartitions executionFailedPartitions }"""
_CHECK_RANGES = "... on AssetCheckMultiPartitionStatuses " + _RANGES % _OF_CHECK

QUERIES = {
    "the matrix": f"""{{ {_NODE} {{ ... on AssetNode {{ partitionKeysByDimension {{ name type partitionKeys }}
        assetPartitionStatuses {{ ... on MultiPartitionStatuses {_RANGES % _OF_ASSET} }} }} }} }}""",
    "one partition": """{ assetOrError(assetKey: {path: ["primary_data"]}) { ... on Asset {
        definition { latestRunForPartition(partition: "%s") { id status } }
        assetEventHistory(partitions: ["%s"], limit: 1000,
            eventTypeSelectors: [MATERIALIZATION, OBSERVATION, FAILED_TO_MATERIALIZE]) { results {
        ... on MaterializationEvent { runId timestamp metadataEntries { label } } } } } } }""",
    "a check's matrix": f"""{{ {_NODE} {{ ... on AssetNode {{ assetCheckOrError(checkName: "reconciliation") {{
        ... on AssetCheck {{ partitionKeysByDimension {{ name partitionKeys }}
        partitionStatuses {{ {_CHECK_RANGES} }} }} }} }} }} }}""",
    "all checks, for the lineage": f"""{{ {_NODE} {{ ... on AssetNode {{ assetChecksOrError {{
        ... on AssetChecks {{ checks {{ name executionForLatestMaterialization {{ status }}
        partitionStatuses {{ {_CHECK_RANGES} }} }} }} }} }} }} }}""",
}


def answer(clients: int, months: int) -> None:
    """A platform that answers all queries once for each line of the standard input, with the seconds of each."""
    with full_house(clients, months) as house:
        from pharma_assets_tests.platform.control_room import control_room  # noqa: PLC0415 - after the environment

        with control_room(house.home) as room:
            room.instance.optimize_for_webserver(statement_timeout=600_000, pool_recycle=3600, max_overflow=20)
            print("ready", flush=True)
            with timed_statements() as statements:
                for _ in sys.stdin:
                    answers = {name: _seconds(room, name, house, statements) for name in QUERIES}
                    print(json.dumps(answers), flush=True)


@contextmanager
def timed_statements() -> Iterator[list[float]]:
    """What each statement took that this process sent to the database meanwhile, in seconds."""
    seconds: list[float] = []

    def before(*arguments: Any) -> None:
        arguments[4].started = time.perf_counter()

    def after(*arguments: Any) -> None:
        seconds.append(time.perf_counter() - arguments[4].started)

    event.listen(Engine, "before_cursor_execute", before)
    event.listen(Engine, "after_cursor_execute", after)
    try:
        yield seconds
    finally:
        event.remove(Engine, "before_cursor_execute", before)
        event.remove(Engine, "after_cursor_execute", after)


def _seconds(room: Any, name: str, house: House, statements: list[float]) -> tuple[float, float]:
    """Of the whole answer, and of the database's part in it."""
    key = house.months[-1].key
    query = QUERIES[name] % (key, key) if name == "one partition" else QUERIES[name]
    statements.clear()
    started = time.perf_counter()
    data = room.ask(query)
    seconds = time.perf_counter() - started
    assert "ranges" in str(data) or name == "one partition", f"{name}: no ranges"
    assert key.partition("|")[0] in str(data) or name == "one partition", f"{name}: the client is not there"
    return seconds, sum(statements)


@contextmanager
def platform(size: tuple[int, int]) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.matrix", "--answer", *map(str, size)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        for line in cast("IO[str]", process.stdout):
            if line.strip() == "ready":
                break
        yield process
        cast("IO[str]", process.stdin).close()


def ask(process: subprocess.Popen[str]) -> dict[str, tuple[float, float]]:
    requests, answers = cast("IO[str]", process.stdin), cast("IO[str]", process.stdout)
    requests.write("\n")
    requests.flush()
    return dict(json.loads(answers.readline()))


def compare(few: tuple[int, int], many: tuple[int, int], rounds: int) -> Sequence[Target]:
    """Each query's times on both platforms, round after round; a first one warms up."""
    targets = []
    with ExitStack() as stack:
        platforms = [stack.enter_context(platform(size)) for size in (few, many)]
        times = [[ask(process) for process in platforms] for _ in range(rounds + 1)][1:]
    for name in QUERIES:
        for part, (what, limit) in enumerate({name: math.inf, f"{name}, its queries": LIMIT}.items()):
            at_few, at_many = (
                Step(f"{what} at {size[0] * size[1]:,}", seconds=[answers[at][name][part] for answers in times])
                for at, size in enumerate((few, many))
            )
            targets.append(Target(at_many, at_few, limit))
    return targets


def main() -> int:
    """Run the benchmark; 1 if a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--answer", type=int, nargs=2)
    parser.add_argument("--many", type=int, nargs=2, default=MANY, help="clients and months")
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    if given.answer:
        answer(*given.answer)
        return 0
    targets = compare(FEW, tuple(given.many), given.rounds)
    show_times(f"{given.rounds} rounds", [step for target in targets for step in (target.floor, target.step)])
    return 0 if show_targets(targets) else 1


if __name__ == "__main__":
    sys.exit(main())
