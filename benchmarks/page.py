"""What `make bench` has kept, as the tables of `docs/performance.md`: `python -m benchmarks.page`."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from benchmarks.measure import RESULTS
from benchmarks.plots import draw_growth, draw_targets
from pharma_assets.settings import PROJECT

PAGE = PROJECT / "docs" / "performance.md"
IMAGES = PROJECT / "docs" / "images"

Kept = Mapping[str, Any]


def results() -> dict[str, Any]:
    """What each benchmark has kept, by its name."""
    return {file.stem: json.loads(file.read_text(encoding="utf-8")) for file in sorted(RESULTS.glob("*.json"))}


def figures(kept: Kept) -> Iterator[str]:
    """All ratios and figures."""
    yield from ("| what | beside | measured | target | benchmark |", "| --- | --- | --- | --- | --- |")
    for name, document in kept.items():
        for ratio in document["ratios"]:
            spread = "" if ratio["rounds"] == 1 else f" ({_number(ratio['low'])} – {_number(ratio['high'])})"
            measured = f"{_judged(ratio['median'], ratio['limit'])}{spread}"
            yield _row(ratio["step"], ratio["floor"], measured, _target(ratio["limit"]), f"`{name}`")
        for figure in document["figures"]:
            measured = f"{_judged(figure['value'], figure['limit'])} {figure['unit']}"
            yield _row(figure["name"], "–", measured, _target(figure["limit"], f" {figure['unit']}"), f"`{name}`")


def sizes(kept: Kept) -> Iterator[str]:
    """Whole processes by the size of the report: seconds, those inside it, megabytes."""
    curves = kept["sizes"]["curves"]
    rows = [point["rows"] for point in next(iter(curves.values()))]
    yield _row("", *(f"{count:,} rows" for count in rows))
    yield _row(*["---"] * (len(rows) + 1))
    for name, points in curves.items():
        cells = (f"{_number(p['whole'])} s ({_number(p['inside'])}), {p['peak']:,.0f} MB" for p in points)
        yield _row(name, *cells)


def questions(kept: Kept) -> Iterator[str]:
    """What people ask of the grown table."""
    yield from ("| question | answer | read | how |", "| --- | --- | --- | --- |")
    for answer in kept["growth"]["answers"]:
        milliseconds, megabytes = answer["seconds"] * 1000, answer["megabytes"]
        yield _row(answer["what"], f"{_number(milliseconds)} ms", f"{_number(megabytes)} MB", answer["plan"])


def indexes(kept: Kept) -> Iterator[str]:
    """What each index costs a load, and a month's disk."""
    yield from ("| a month's indexes | COPY of 30,000 rows | size |", "| --- | --- | --- |")
    for variant in kept["growth"]["indexes"]:
        size = "–" if variant["bytes"] is None else f"{_number(variant['bytes'] / 1e6)} MB"
        yield _row(variant["what"], f"{variant['share']:.2f}", size)


BLOCKS: dict[str, Callable[[Kept], Iterator[str]]] = {
    "figures": figures,
    "sizes": sizes,
    "questions": questions,
    "indexes": indexes,
}


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _target(limit: float | None, unit: str = "") -> str:
    return "–" if limit is None else f"≤ {_number(limit)}{unit}"


def _judged(value: float, limit: float | None) -> str:
    """Bold where there is a target, and marked where it is missed."""
    if limit is None:
        return _number(value)
    return f"**{_number(value)}**" + ("" if value <= limit else ", missed")


def _number(value: float) -> str:
    """Three digits, which is more than two measurements agree in."""
    if value >= 0.1:
        return f"{value:,.{2 if value < 10 else 1 if value < 100 else 0}f}"
    return f"{value:.2g}"


def renew(page: str, kept: Kept) -> str:
    """The page with its tables as what was kept has them: each between `<!-- name -->` and `<!-- /name -->`."""
    for name, lines in BLOCKS.items():
        between = re.compile(rf"(?<=<!-- {name} -->\n).*?(?=<!-- /{name} -->)", re.DOTALL)
        table = "".join(f"{line}\n" for line in lines(kept))
        page, found = between.subn(lambda _, table=table: table, page)
        assert found == 1, f"docs/performance.md has {found} places for {name}"
    return page


def main() -> None:
    """Renew the page and its pictures."""
    kept = results()
    PAGE.write_text(renew(PAGE.read_text(encoding="utf-8"), kept), encoding="utf-8")
    draw_targets([ratio for document in kept.values() for ratio in document["ratios"]], IMAGES / "performance.svg")
    draw_growth(kept["sizes"]["curves"], IMAGES / "sizes.svg")


if __name__ == "__main__":
    main()
