"""What layouts cost: loading 300 of them, asking again at the next tick, and finding one's way in a report.

`python -m benchmarks.layouts`. The floor of loading is PyYAML's own reading of the same texts by its C parser.
"""

from __future__ import annotations

import sys
import tempfile
import time
from datetime import date
from pathlib import Path

import yaml

from benchmarks.journey import MONTH, journey, registered
from benchmarks.measure import Figure, Step, Target, interleave, scratch_server, show_targets, show_times
from pharma_assets.database.migrations import migrate
from pharma_assets.demo.reports import client_01_xlsx
from pharma_assets.loading.platform import Platform, open_platform
from pharma_assets.reading.document import read_document
from pharma_assets.reading.hints import Hints
from pharma_assets.settings import PROJECT, Settings
from pharma_assets.transforms import catalog
from pharma_assets.transforms.catalog import load_transforms
from pharma_assets.transforms.file_memory import SETTLED_SECONDS
from pharma_assets.transforms.headers import locate

ROUNDS = 9
CLIENTS = 300
MOST_SECONDS = 1.0

# What a layout has after a few years: types that differ, columns that were renamed, words, rules, agreements.
GROWN = """\
owner: analyst{number}@example.org
schedule: {{every: month, due_day: 5}}
rows: {{min: 10}}
registry: {{client_brend: client}}
composed: {{client_name: '{{{buyer}}}[, {{{city}}}]'}}
versions:
  - valid_from: 2024-07
    columns:
      {buyer}: {{aliases: [Покупатель {number}, Контрагент]}}
      Скидка {number}: {{ignored: not asked for}}
  - valid_from: 2025-03
    outside_month: 0.2
    columns: {{Скидка {number}: null}}
"""


def write_layouts(folder: Path) -> int:
    """300 layouts below the folder, grown out of those of the three known clients; returns their bytes."""
    total = 0
    for number in range(CLIENTS):
        source = PROJECT / "client_transforms" / "distributors" / f"Client_0{1 + number % 3}" / "layout.yaml"
        text = (
            source.read_text(encoding="utf-8").replace("[Type1]", "[Type1, Type2]").replace("amount_type_1", "amount")
        )
        city = ("город", "регион", "город доставки")[number % 3]
        text += GROWN.format(number=number, buyer="клиент", city=city)
        client = folder / ("chains" if number % 2 else "distributors") / f"Client_{number:03d}"
        client.mkdir(parents=True)
        total += (client / "layout.yaml").write_text(text, encoding="utf-8")
    return total


def plain_yaml(folder: Path) -> None:
    for file in folder.glob("*/*/layout.yaml"):
        yaml.load(file.read_bytes(), Loader=yaml.CSafeLoader)


def load_anew(folder: Path) -> None:
    """Load them as a new process does."""
    catalog._SHELVES.clear()
    found = load_transforms(folder)
    assert len(found.by_client) == CLIENTS
    assert found.invalid == []


def take_for_settled(folder: Path) -> None:
    """Load them, and let the time pass after which nothing is read that has not changed."""
    load_transforms(folder)
    for shelf in catalog._SHELVES.values():
        memory = shelf._files
        clock = memory._clock
        memory._clock = lambda clock=clock: clock() + SETTLED_SECONDS
    load_transforms(folder)


def seconds_of_a_core(step: Step) -> float:
    """What a step takes where nobody else is at work."""
    started = time.process_time()
    step.run()
    return time.process_time() - started


def main() -> int:
    """Run the benchmark; 1 if a target is missed."""
    content = client_01_xlsx(30_000, date(2025, 6, 1)).content
    with scratch_server() as (folder, server), tempfile.TemporaryDirectory(prefix="pharma-layouts-") as layouts:
        size = write_layouts(Path(layouts))
        settings = Settings(home=folder / "home", inbox=folder / "inbox", settle_seconds=0)
        migrate(server.url())
        with open_platform(settings) as platform:
            file = registered(platform, content)
            document = read_document(content, Hints())

            def match(platform: Platform) -> None:
                transform = platform.transforms.find(MONTH.client, "Type1", MONTH.first_day)
                layout = transform.require_layout()
                assert layout.known_headers
                assert locate(document, layout)

            floor = Step("PyYAML's C parser", lambda: plain_yaml(Path(layouts)))
            load = Step("loading and checking 300 layouts", lambda: load_anew(Path(layouts)))
            again = Step(
                "asking for them again, unchanged",
                lambda: load_transforms(Path(layouts)),
                prepare=lambda: take_for_settled(Path(layouts)),
            )
            whole = Step("the journey of 30,000 rows", lambda: journey(platform, file))
            matching = Step("finding the layout and its header in a report", lambda: match(platform))
            steps = [floor, load, again, whole, matching]
            interleave(steps, ROUNDS)
            load_seconds = min(seconds_of_a_core(load) for _ in range(ROUNDS))
    show_times(f"{CLIENTS} layouts, {size:,} letters, {ROUNDS} rounds", steps)
    met = show_targets(
        [Target(load, floor, 8), Target(again, load, 0.1), Target(matching, whole, 0.02)],
        [Figure(f"loading and checking {CLIENTS} layouts, of a core", load_seconds, "s", MOST_SECONDS)],
    )
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
