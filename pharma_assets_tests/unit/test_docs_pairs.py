"""Pages that stand in English and Russian show the same: code, tables, and the words that are typed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pharma_assets.rejects.judging import Became
from pharma_assets.settings import PROJECT
from pharma_assets.tracing.source_rows import Fate
from pharma_assets_tests.unit.test_docs import blocks, rows

DOCS = PROJECT / "docs"
PAIRS = [(DOCS / page.name.replace(".ru.md", ".md"), page) for page in sorted(DOCS.glob("*.ru.md"))]
HISTORY = (DOCS / "history.md", DOCS / "history.ru.md")

each_pair = pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair[0].stem)


@each_pair
def test_both_languages_show_the_same(pair: tuple[Path, Path]) -> None:
    english, russian = pair
    assert english.exists()
    for language in ("sh", "sql", "csv", "toml", "json"):
        shown = [re.sub(r"(^| +)#.*", "", "".join(blocks(page, language)), flags=re.MULTILINE) for page in pair]
        assert shown[0] == shown[1], language
    assert [len(row) for row in rows(english)] == [len(row) for row in rows(russian)]


@pytest.mark.parametrize("page", HISTORY, ids=lambda page: page.name)
def test_every_word_that_a_command_answers_with_is_explained(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert [word for word in (*Became, *Fate) if f"`{word}`" not in text] == []
