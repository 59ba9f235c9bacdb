"""The patch goes into a layout's text as its author wrote it: every comment stays, and it means what it should."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pharma_assets.drift.compare import Patch
from pharma_assets.drift.patching import difference, patched
from pharma_assets.errors import PharmaError
from pharma_assets.transforms.catalog import parse_layout
from pharma_assets.transforms.header_text import normalize_header

TEXT = """\
# Пример: с комментариями.
supplier: Пример  # так они себя называют
report_types: [Type1]

columns:
  # день
  дата: {to: period, filled: true}  # дд.мм.гггг
  товар: tms
  аптека:   # та самая
    to: client_inlaw
    filled: true
  код: {to: null}
  город: {to: client_city, aliases: [гор.]}
  адрес:
    to: client_adress
    aliases:
      - улица
  количество: {to: amount_type_1}

# конец
left_out:
  - {column: количество, equals: 0, reason: zero quantity}
"""


@pytest.mark.parametrize(
    ("header", "line"),
    [
        ("дата", "  дата: {to: period, filled: true, aliases: [новое имя]}  # дд.мм.гггг"),
        ("товар", "  товар: {to: tms, aliases: [новое имя]}"),
        ("аптека", "    aliases: [новое имя]"),
        ("код", "  код: {to: null, aliases: [новое имя]}"),
        ("город", "  город: {to: client_city, aliases: [гор., новое имя]}"),
        ("адрес", "      - новое имя"),
        ("количество", "  количество: {to: amount_type_1, aliases: [новое имя]}"),
    ],
)
def test_an_alias_is_added_however_the_rule_is_written(header: str, line: str) -> None:
    text = patched(TEXT, Patch(aliases={header: "новое имя"}))
    assert line in text.splitlines()
    before, after = TEXT.splitlines(), text.splitlines()
    assert [each for each in before if "#" in each and each not in after] in (
        [],
        ["  дата: {to: period, filled: true}  # дд.мм.гггг"],
    )
    old, new = parse_layout(TEXT.encode()), parse_layout(text.encode())
    assert set(new.columns[header].aliases) == {*old.columns[header].aliases, "новое имя"}
    others = {name: rule for name, rule in new.columns.items() if name != header}
    assert others == {name: rule for name, rule in old.columns.items() if name != header}


def test_the_whole_patch_at_once() -> None:
    patch = Patch(
        aliases={"дата": "день", "аптека": "клиент, ООО"},
        additions={"Завод: производитель": "mnf"},
        sheet="Лист: 2",
        header_within=56,
    )
    layout = parse_layout(patched(TEXT, patch).encode())
    assert layout.columns["дата"].aliases == ("день",)
    assert layout.columns["аптека"].aliases == ("клиент, ООО",)
    assert (layout.columns["Завод: производитель"].to, layout.columns["Завод: производитель"].required) == (
        "mnf",
        False,
    )
    assert (layout.sheet, layout.header_within) == ("Лист: 2", 56)
    assert list(layout.columns)[:-1] == list(parse_layout(TEXT.encode()).columns)


def test_keys_that_are_there_are_replaced() -> None:
    text = TEXT.replace("columns:", "sheet: Старый  # тот\nheader_within: 12\ncolumns:", 1)
    after = patched(text, Patch(sheet="Новый", header_within=60))
    assert "sheet: Новый  # тот\nheader_within: 60\n" in after


def test_no_patch_changes_nothing() -> None:
    assert not Patch()
    assert patched(TEXT, Patch()) == TEXT
    assert difference(TEXT, TEXT, "layout.yaml") == ""


def test_the_difference_is_a_unified_diff_of_the_lines_that_change() -> None:
    shown = difference(TEXT, patched(TEXT, Patch(aliases={"товар": "лекарство"})), "chains/Client_05/layout.yaml")
    lines = shown.splitlines()
    assert lines[:2] == ["--- a/chains/Client_05/layout.yaml", "+++ b/chains/Client_05/layout.yaml"]
    assert [line for line in lines[2:] if line[0] in "+-"] == [
        "-  товар: tms",
        "+  товар: {to: tms, aliases: [лекарство]}",
    ]


@pytest.mark.parametrize(
    ("text", "patch"),
    [
        (TEXT, Patch(aliases={"нет такой": "имя"})),
        (TEXT, Patch(aliases={"товар": "Дата"})),  # the name of another column
        ("{supplier: А, report_types: [Type1], columns: {дата: period}}", Patch(additions={"город": "client_city"})),
        ("- a\n", Patch(aliases={"дата": "день"})),
    ],
)
def test_what_cannot_be_placed_is_said_and_not_written(text: str, patch: Patch) -> None:
    with pytest.raises(PharmaError, match="PATCH_IMPOSSIBLE"):
        patched(text, patch)


_KNOWN = {normalize_header(header) for header in parse_layout(TEXT.encode()).known_headers}


@given(
    st.text(st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp")), min_size=1, max_size=40).filter(
        lambda text: normalize_header(text) not in {"", *_KNOWN} and text == text.strip()
    ),
    st.sampled_from(["дата", "товар", "аптека", "код", "город", "адрес", "количество"]),
)
def test_any_header_can_become_an_alias(alias: str, header: str) -> None:
    layout = parse_layout(patched(TEXT, Patch(aliases={header: alias})).encode())
    assert alias in layout.columns[header].aliases
