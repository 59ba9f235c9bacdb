"""What the benchmarks have kept: the page that shows it, and the guard that compares with it."""

from __future__ import annotations

import json
from statistics import median

import pytest

from benchmarks.guard import BASELINE, COUNTED, INSTRUCTIONS, STATEMENTS, TIMED, TIMES, Figure
from benchmarks.measure import Step, Target
from benchmarks.page import PAGE, renew, results


def test_the_page_shows_what_was_kept() -> None:
    """`python -m benchmarks.page` renews it."""
    page = PAGE.read_text(encoding="utf-8")
    assert renew(page, results()) == page


def test_what_was_kept_meets_its_targets_or_the_page_says_so() -> None:
    missed = [
        ratio["step"]
        for document in results().values()
        for ratio in document["ratios"]
        if ratio["limit"] and ratio["median"] > ratio["limit"]
    ]
    rows = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if "**, missed" in line]
    assert len(rows) == len(missed)
    assert all(any(row.startswith(f"| {step} |") for row in rows) for step in missed)


@pytest.mark.parametrize(
    ("allowed", "value", "verdict"),
    [
        (INSTRUCTIONS, 2.09, "PASS"),
        (INSTRUCTIONS, 2.11, "DEARER"),
        (INSTRUCTIONS, 1.9, "PASS, cheaper: --accept"),
        (STATEMENTS, 2.0, "PASS"),
        (STATEMENTS, 3.0, "DEARER"),
        (TIMES, 2.49, "PASS"),
        (TIMES, 2.51, "DEARER"),
    ],
)
def test_a_step_that_has_become_dearer_is_told(allowed: float, value: float, verdict: str) -> None:
    assert Figure("a step", value, allowed).verdict({"a step": 2.0}) == verdict


def test_a_step_that_nobody_has_accepted_is_told() -> None:
    assert Figure("a step", 1.0, TIMES).verdict({}).startswith("NEW")


def test_the_baseline_has_every_figure() -> None:
    baseline = json.loads(BASELINE.read_text(encoding="utf-8"))
    counted = {f"instructions: {step} / {floor}" for step, floor in COUNTED.items()}
    assert counted | {TIMED} < set(baseline)
    assert len([name for name in baseline if name.startswith("statements: ")]) == 3


def test_a_ratio_is_taken_within_each_round() -> None:
    step, floor = Step("a", seconds=[2.0, 20.0, 6.0]), Step("b", seconds=[1.0, 10.0, 2.0])
    target = Target(step, floor, 2.0)
    assert (target.ratios, median(target.ratios), target.met) == ([2.0, 2.0, 3.0], 2.0, True)
