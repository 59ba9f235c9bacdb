"""What README and docs say is so: commands, settings, layout keys, examples, links."""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Iterator
from datetime import date, timedelta
from enum import StrEnum
from pathlib import Path
from zoneinfo import ZoneInfo

import click
import pytest
import typer

from pharma_assets.cli import app
from pharma_assets.docs import errors_page, layout_page
from pharma_assets.errors import scripts as errors_of_scripts
from pharma_assets.golden import figures_of
from pharma_assets.loading.ingest import Step
from pharma_assets.model.delivery import Delivery
from pharma_assets.model.status import Status
from pharma_assets.reading.document import read_document
from pharma_assets.reading.hints import Hints
from pharma_assets.registry import journal
from pharma_assets.scripts.output import LONGEST_LINE, MOST_LINES, TAIL
from pharma_assets.settings import PROJECT, Settings, TreeSettings, load_settings
from pharma_assets.transforms.catalog import parse_layout
from pharma_assets.transforms.delivery import Overlap
from pharma_assets.transforms.hooks.source import read_hooks
from pharma_assets.transforms.layout import (
    TARGETS,
    DateOrder,
    DecimalMark,
    Every,
    Fact,
    Parse,
    Sheets,
    Totals,
    read_layout,
)
from pharma_assets.transforms.normalize import normalize
from pharma_assets.transforms.row_words import Reason
from pharma_assets_tests.unit.test_rooms import FLOOR_OF

README = PROJECT / "README.md"
ENGLISH, RUSSIAN = PROJECT / "docs" / "guide.md", PROJECT / "docs" / "guide.ru.md"
GUIDES = (ENGLISH, RUSSIAN)
SCRIPTS = (PROJECT / "docs" / "scripts.md", PROJECT / "docs" / "scripts.ru.md")
LAYOUTS = (PROJECT / "docs" / "layout.md", PROJECT / "docs" / "layout.ru.md")
DELIVERY_PAGES = (PROJECT / "docs" / "delivery.md", PROJECT / "docs" / "delivery.ru.md")
PAGES = (README, *sorted((PROJECT / "docs").glob("*.md")))

# Named in the docs and no setting of the platform.
OTHER_VARIABLES = {
    "PHARMA_DAGSTER_DATABASE_URL",
    "PHARMA_CODE_HOST",
    "PHARMA_WRITE_EXAMPLES",
    "PHARMA_CELERY_URL",
}

each_guide = pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.name)
each_layout_page = pytest.mark.parametrize("page", LAYOUTS, ids=lambda path: path.name)
each_page = pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)


def blocks(page: Path, language: str) -> list[str]:
    """The fenced code blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def rows(page: Path) -> list[list[str]]:
    """The cells of every table row."""
    lines = page.read_text(encoding="utf-8").splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]


def keys(page: Path) -> set[str]:
    """What stands as code in the first cell of a table row."""
    return {key for row in rows(page) for key in re.findall("`([^`]+)`", row[0])}


def commands(group: click.Group | None = None, prefix: str = "pharma-assets") -> Iterator[tuple[str, click.Command]]:
    """Every command that can be typed, with its full name."""
    root = typer.main.get_group(app) if group is None else group
    context = typer.Context(root)
    for name in root.list_commands(context):
        command = root.get_command(context, name)
        if hasattr(command, "commands"):
            yield from commands(command, f"{prefix} {name}")
        else:
            yield f"{prefix} {name}", command


def test_the_error_pages_are_those_of_the_catalogue() -> None:
    """`python -m pharma_assets.docs > docs/errors.md` and `… ru > docs/errors.ru.md` write them anew."""
    assert (PROJECT / "docs" / "errors.md").read_text(encoding="utf-8") == errors_page("en")
    assert (PROJECT / "docs" / "errors.ru.md").read_text(encoding="utf-8") == errors_page("ru")


def test_the_pauses_between_attempts_are_as_told() -> None:
    assert (timedelta(minutes=5), timedelta(hours=6)) == (journal.FIRST_RETRY, journal.LONGEST_RETRY)
    for page in (errors_page("en"), ENGLISH.read_text(encoding="utf-8")):
        assert f"{journal.MOST_ATTEMPTS} attempts in all" in page
    for page in (errors_page("ru"), RUSSIAN.read_text(encoding="utf-8")):
        assert f"всего {journal.MOST_ATTEMPTS} попыток" in page


@each_guide
def test_every_command_is_in_a_table(guide: Path) -> None:
    assert {name for name, _ in commands()} <= keys(README) | keys(guide)


@each_page
def test_commands_that_are_shown_can_be_typed(page: Path) -> None:
    known = dict(commands())
    text = page.read_text(encoding="utf-8")
    shown = [line.partition(" #")[0] for block in blocks(page, "sh") for line in block.splitlines()]
    shown += re.findall("`([^`\n]+)`", text)
    for code in shown:
        for typed in re.findall("pharma-assets((?: [a-z-]+)+)", code):
            words = [word for word in typed.split() if not word.startswith("-")]
            found = [known.get(" ".join(["pharma-assets", *words[:count]])) for count in (1, 2)]
            if found == [None, None]:
                assert any(name.startswith(f"pharma-assets {words[0]} ") for name in known), code
            else:
                parameters = [parameter for command in found if command for parameter in command.params]
                options = {option for parameter in parameters for option in parameter.opts}
                assert set(typed.split()) - set(words) <= options, code


@each_page
def test_make_targets_exist(page: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (PROJECT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert set(re.findall(r"(?:^|`)make ([a-z]+)", page.read_text(encoding="utf-8"), re.MULTILINE)) <= targets


@each_page
def test_links_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for image, target, anchor in re.findall(r"(!?)\[[^]]*\]\(([^)#\s]*)(#[^)\s]*)?\)", text):
        if image or target.startswith("http"):
            continue
        linked = page.parent / target if target else page
        assert linked.exists(), f"{page.name}: {target}"
        if anchor:
            headings = re.findall(r"^#+ (.+)$", linked.read_text(encoding="utf-8"), re.MULTILINE)
            # As GitHub makes them: punctuation goes, blanks become hyphens.
            anchors = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
            assert anchor[1:] in anchors


@each_guide
def test_every_setting_is_in_the_table_with_its_default(guide: Path) -> None:
    table = {key: row for row in rows(guide) for key in re.findall("`(PHARMA_[A-Z_]+)`", row[0])}
    assert set(table) == {f"PHARMA_{name.upper()}" for name in Settings.model_fields}
    for name, field in Settings.model_fields.items():
        row = table[f"PHARMA_{name.upper()}"]
        if name != "home":
            assert f"`{'[tree]' if name == 'tree' else name}`" == row[1]
        if isinstance(field.default, (int, float, str)):
            assert f"`{field.default}`" == row[2]
        if name == "extensions":
            assert f"`{','.join(field.default)}`" == row[2]
    documented = {key for row in rows(guide) if row[0] == "–" for key in re.findall(r"`tree\.(\w+)`", row[1])}
    assert documented == set(TreeSettings.model_fields)


@each_page
def test_no_variable_is_named_that_does_not_exist(page: Path) -> None:
    known = {f"PHARMA_{name.upper()}" for name in Settings.model_fields} | OTHER_VARIABLES
    assert set(re.findall(r"PHARMA_[A-Z_]+", page.read_text(encoding="utf-8"))) <= known


@each_guide
def test_toml_examples_are_settings(guide: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("PHARMA_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PHARMA_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert blocks(guide, "toml")
    for block in blocks(guide, "toml"):
        assert set(tomllib.loads(block)) <= set(Settings.model_fields)
        (tmp_path / "pharma.toml").write_text(block, encoding="utf-8")
        load_settings()


@each_layout_page
def test_the_tables_of_keys_are_those_of_the_models(page: Path) -> None:
    """`python -m pharma_assets.docs layout` writes them anew; in Russian, a new key then waits for its words."""
    text = page.read_text(encoding="utf-8")
    assert layout_page(text, "en" if page == LAYOUTS[0] else "ru") == text
    assert len(keys(page) & {"supplier", "versions.valid_from", "to", "lookup.values", "report_type"}) == 5
    assert [row for row in rows(page) if row[-1] == "…"] == []


@each_layout_page
@pytest.mark.parametrize(
    "words",
    [DateOrder, DecimalMark, Delivery, Every, Fact, Overlap, Parse, Reason, Sheets, Totals],
    ids=lambda words: words.__name__,
)
def test_every_word_of_a_layout_is_explained(page: Path, words: type[StrEnum]) -> None:
    text = page.read_text(encoding="utf-8")
    assert [word for word in words if f"`{word}`" not in text] == []


@each_guide
def test_every_status_is_explained(guide: Path) -> None:
    text = guide.read_text(encoding="utf-8")
    assert [word for word in Status if f"`{word}`" not in text] == []


@each_layout_page
def test_every_target_of_a_layout_is_listed(page: Path) -> None:
    paragraphs = page.read_text(encoding="utf-8").split("\n\n")
    (listed,) = [text for text in paragraphs if text.startswith(("Targets that", "Целевые колонки, которые"))]
    assert set(TARGETS) == set(re.findall("`([a-z_0-9]+)`", listed))


FRAGMENTS_STAND_IN = """
supplier: Пример
report_types: [Type1]
columns:
  Дата: {to: period, filled: true}
  Товар: {to: tms, filled: true}
  Кол-во: amount
  Город: client_city
  Улица: {to: null}
"""


@each_layout_page
def test_the_layouts_that_are_shown_are_valid(page: Path) -> None:
    found = [block if "supplier:" in block else FRAGMENTS_STAND_IN + block for block in blocks(page, "yaml")]
    assert len(found) == 4
    for text in found:
        assert read_layout(text.encode())


@each_layout_page
def test_the_hook_that_is_shown_does_what_is_said(page: Path) -> None:
    (csv,), (code,) = blocks(page, "csv"), blocks(page, "python")
    hooks = read_hooks(Path("hooks.py"), code.encode())
    layout = parse_layout(blocks(page, "yaml")[-1].encode()).with_hooks(hooks)
    document = read_document(csv.encode(), Hints(headers=layout.known_headers))
    report = normalize(document, layout, ZoneInfo("Europe/Moscow"), date(2025, 6, 1))
    assert report.left_out == {"heading of a pharmacy": 2}
    told = report.table.select(["client_inlaw", "amount_type_1"]).to_pylist()
    assert [tuple(row.values()) for row in told] == [("Аптека № 1", 5), ("Аптека № 1", 7), ("Аптека № 2", 1)]


def test_both_pages_of_layouts_show_the_same() -> None:
    for language in ("yaml", "csv", "python"):
        assert blocks(LAYOUTS[0], language) == blocks(LAYOUTS[1], language)
    english, russian = ([len(row) for row in rows(page)] for page in LAYOUTS)
    assert english == russian
    english, russian = (re.findall("^#+", page.read_text(encoding="utf-8"), re.MULTILINE) for page in LAYOUTS)
    assert english == russian


@each_guide
def test_the_client_of_the_guide_comes_out_as_it_says(guide: Path) -> None:
    """The walk-through: its layout, over its report, gives its `expected.json`."""
    (yaml,), (csv,), (expected,) = (blocks(guide, language) for language in ("yaml", "csv", "json"))
    layout = parse_layout(yaml.encode())
    report = normalize(
        read_document(csv.encode(), Hints(headers=layout.known_headers)), layout, ZoneInfo("Europe/Moscow")
    )
    assert figures_of(report) == json.loads(expected)


def test_both_guides_show_the_same() -> None:
    for language in ("sql", "toml", "csv", "json"):
        assert blocks(ENGLISH, language) == blocks(RUSSIAN, language)
    typed = [re.sub(r"(^| +)#.*", "", "".join(blocks(guide, "sh")), flags=re.MULTILINE) for guide in GUIDES]
    assert typed[0] == typed[1]
    layouts = [[parse_layout(block.encode()) for block in blocks(guide, "yaml")] for guide in GUIDES]
    assert layouts[0] == layouts[1]
    english, russian = ([len(row) for row in rows(guide)] for guide in GUIDES)
    assert english == russian


def test_both_pages_on_scripts_show_the_same() -> None:
    for language in ("sh", "sql"):
        assert blocks(SCRIPTS[0], language) == blocks(SCRIPTS[1], language)
    english, russian = ([(row[0] if "`" in row[0] else "", len(row)) for row in rows(page)] for page in SCRIPTS)
    assert [length for _, length in english] == [length for _, length in russian]
    codes = [set(re.findall("`([^`]+)`", " ".join(first for first, _ in page))) for page in (english, russian)]
    assert codes[0] == codes[1]
    # That one is no reason of a file: it answers the question where a row comes from.
    reasons = {problem.code.replace("<n>", "3") for problem in errors_of_scripts.PROBLEMS} - {"MADE_BY_SCRIPT"}
    assert reasons <= codes[0]


@pytest.mark.parametrize("page", SCRIPTS, ids=lambda path: path.name)
def test_the_limits_of_scripts_are_as_told(page: Path) -> None:
    text = page.read_text(encoding="utf-8").replace("\xa0", " ").replace(",", " ")
    defaults = {name: field.default for name, field in Settings.model_fields.items()}
    for name in ("script_seconds", "script_memory_mb", "script_output_mb"):
        assert re.search(rf"`PHARMA_{name.upper()}`  {defaults[name]:,}".replace(",", " "), text), name
    for number in (MOST_LINES, LONGEST_LINE, TAIL):
        assert f"{number:,}".replace(",", " ") in text
    assert all(f"`{code}`" in text for code in ("REGISTRY_DIFFERS", "EXTRA_COLUMNS", "AMOUNTS_ROUNDED"))


def test_both_pages_of_delivery_modes_show_the_same() -> None:
    english, russian = DELIVERY_PAGES
    for language in ("sql", "sh", "yaml"):
        assert blocks(english, language) == blocks(russian, language)
    assert [len(row) for row in rows(english)] == [len(row) for row in rows(russian)]


@pytest.mark.parametrize("page", DELIVERY_PAGES, ids=lambda path: path.name)
def test_every_mode_of_delivery_is_told_and_shown_as_it_can_be_written(page: Path) -> None:
    assert {mode.value for mode in Delivery} <= keys(page)
    good, *_ = blocks(ENGLISH, "yaml")
    for block in blocks(page, "yaml"):
        layout = parse_layout(good.replace("delivery: increment\n", block).encode())
        assert layout.delivery != Delivery.INCREMENT
    assert {"PERIOD_OVERLAP", "PERIOD_SHRUNK"} <= keys(page)


def test_both_pages_on_moving_in_show_the_same() -> None:
    pages = [PROJECT / "docs" / f"moving-in{language}.md" for language in ("", ".ru")]
    for language in ("sql", "toml"):
        assert blocks(pages[0], language) == blocks(pages[1], language) != []
    text = [page.read_text(encoding="utf-8") for page in pages]
    typed = [re.findall(r"^ *(?:pharma-assets|export) .*?(?= +#|$)", words, re.MULTILINE) for words in text]
    assert typed[0] == typed[1] != []
    shapes = [
        [line[: line.index(" ")] for line in words.splitlines() if line.startswith(("#", "|", "- "))] for words in text
    ]
    assert shapes[0] == shapes[1]
    english, russian = ([len(row) for row in rows(page)] for page in pages)
    assert english == russian


def test_the_design_names_every_room_and_step() -> None:
    text = (PROJECT / "docs" / "design.md").read_text(encoding="utf-8")
    assert [room for room in FLOOR_OF if not re.search(rf"^  {room}(/|\.py) ", text, re.MULTILINE)] == []
    assert [step for step in Step if f"`{step}`" not in text] == []
