"""A layout tried on a history: every difference is shown, and nothing is changed."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from lxml import html
from sqlalchemy.exc import InternalError

from pharma_assets.cli.client.trial_views import as_document
from pharma_assets.errors import Language, PharmaError
from pharma_assets.loading.decisions import decide, ignore
from pharma_assets.model.client_month import Client
from pharma_assets.model.provider import Provider
from pharma_assets.settings import PROJECT
from pharma_assets.shadow.measures import State, Trial
from pharma_assets.shadow.page import page
from pharma_assets.shadow.stored_rows import Comparison, Kind
from pharma_assets.shadow.trial import Wanted, try_layout
from pharma_assets.transforms.catalog import Transforms, read_client
from pharma_assets_tests.database.house import CLIENT, HEADER, JUNE, LAYOUT, House, opened_house
from pharma_assets_tests.samples import example

JULY = HEADER + "02.07.2025;Цитрамон;3\n03.07.2025;Аспирин;0\n04.07.2025;Нурофен;дцать\n"


@pytest.fixture
def house(tmp_path: Path, database: str) -> Iterator[House]:
    """Two months that are loaded, a file that fails and a file that waits for a layout of its report type."""
    with opened_house(tmp_path, database) as house:
        house.drop("june.csv")
        house.drop("july.csv", JULY, month=7)
        house.drop("broken.csv", "Дата;Товар;Упаковок\n02.06.2025;Валидол;4\n")
        house.drop("other.csv", JUNE.replace("2025", "2025 "), report_type="Type3")
        house.tick()
        assert house.files() == {
            "june.csv": "CREATED",
            "july.csv": "CREATED",
            "broken.csv": "MISSING_COLUMN",
            "other.csv": "NO_SCRIPT_FOUND",
        }
        yield house


def layout(house: House, text: str = LAYOUT) -> Path:
    path = house.inbox.parent / "candidate.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def candidate(file: Path) -> Transforms:
    return Transforms({CLIENT: read_client(CLIENT, file)})


def run(house: House, text: str = LAYOUT, wanted: Wanted | None = None, most_rows: int = 0) -> Trial:
    return try_layout(house.platform, CLIENT, candidate(layout(house, text)), wanted, most_rows)


def states(trial: Trial) -> dict[str, str]:
    return {file.file.path.rpartition("/")[2]: file.state.value for file in trial.files}


def changes(trial: Trial) -> dict[str, dict[str, tuple[object, object]]]:
    return {
        f"{month.month:%Y-%m}": {change.name: (change.before, change.after) for change in month.changes}
        for month in trial.months
    }


def checksums(house: House) -> dict[str, str]:
    """A digest of every table of the business and of every file in the working folders."""
    found = {}
    tables = house.query(
        "SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables WHERE schemaname IN ('ops', 'raw')"
    )
    for table in tables:
        query = f"SELECT coalesce(md5(string_agg(t::text, E'\\n' ORDER BY t::text)), '') AS digest FROM {table.name} t"  # noqa: S608
        found[table.name] = house.query(query)[0].digest
    for sequence in house.query("SELECT schemaname, sequencename, last_value FROM pg_sequences ORDER BY 1, 2"):
        found[f"{sequence.schemaname}.{sequence.sequencename}"] = str(sequence.last_value)
    for root in (house.platform.settings.home, house.inbox):
        for path in sorted(root.rglob("*")):
            status = path.stat()
            content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
            found[str(path)] = f"{content} {status.st_mtime_ns} {status.st_mode}"
    return found


def test_nothing_is_changed(house: House) -> None:
    before = checksums(house)
    assert len(before) > 20
    run(house, LAYOUT.replace("Количество: {to: amount_type_1", "Количество: {to: amount_type_2"), most_rows=5)
    run(house, LAYOUT.replace("Количество", "Упаковок"))
    page(run(house), "ru")
    assert checksums(house) == before


def test_the_database_itself_refuses_to_be_written_to(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not only does the code not write: it could not."""
    platforms = []
    monkeypatch.setattr("pharma_assets.shadow.trial._read_all", lambda shadow, *_: platforms.append(shadow) or [])
    run(house)
    with platforms[0].engine.connect() as connection, pytest.raises(InternalError, match="read-only"):
        connection.exec_driver_sql("UPDATE ops.file_registry SET version = 9")


def test_the_layout_that_stands_changes_nothing(house: House) -> None:
    trial = try_layout(house.platform, CLIENT, house.platform.transforms)
    assert states(trial) == {
        "june.csv": "the same",
        "broken.csv": "still fails",
        "other.csv": "still fails",
        "july.csv": "the same",
    }
    assert changes(trial) == {"2025-06": {}, "2025-07": {}}
    assert trial.by_column == {}


def test_a_difference_by_month_and_measure(house: House) -> None:
    trial = run(house, LAYOUT.replace("Количество: {to: amount_type_1", "Количество: {to: amount_type_2"))
    assert changes(trial) == {
        "2025-06": {"sum of amount_type_1": (Decimal(7), 0), "sum of amount_type_2": (0, Decimal(7))},
        "2025-07": {"sum of amount_type_1": (Decimal(3), 0), "sum of amount_type_2": (0, Decimal(3))},
    }
    assert trial.by_column == {"amount_type_1": 3, "amount_type_2": 3}
    assert [month.rows["rows that change"] for month in trial.months] == [2, 1]


def test_rows_rules_and_rejects(house: House) -> None:
    trial = run(house, LAYOUT.replace("reason: zero quantity", "reason: nothing sold"))
    assert changes(trial)["2025-07"] == {"left out: zero quantity": (1, 0), "left out: nothing sold": (0, 1)}
    trial = run(house, LAYOUT[: LAYOUT.index("left_out")])
    assert changes(trial)["2025-07"] == {"rows loaded": (1, 2), "left out: zero quantity": (1, 0)}
    assert trial.months[1].rows == {"rows that appear": 1, "rows that disappear": 0, "rows that change": 0}
    trial = run(
        house,
        LAYOUT.replace("Количество: {to: amount_type_1, filled: true}", "Количество: {to: mnf}").partition("left_out")[
            0
        ],
    )
    assert changes(trial)["2025-07"] == {
        "rows loaded": (1, 3),
        "left out: zero quantity": (1, 0),
        "rejected: VALUE_AMOUNT": (1, 0),
        "sum of amount_type_1": (Decimal(3), 0),
    }


def test_texts_that_change_without_any_figure(house: House) -> None:
    """Sums and counts say nothing of it; the rows do."""
    trial = run(house, LAYOUT.replace("Товар: {to: tms, filled: true}", "Товар: {to: mnf, filled: true}"), most_rows=9)
    assert changes(trial) == {"2025-06": {}, "2025-07": {}}
    assert trial.by_column == {"tms": 3, "mnf": 3}
    assert states(trial)["june.csv"] == "differs"
    first = trial.files[0].compared
    assert first is not None
    assert [(row.row, row.kind, dict(row.cells)) for row in first.first] == [
        (2, Kind.CHANGES, {"tms": ("Цитрамон", None), "mnf": (None, "Цитрамон")}),
        (3, Kind.CHANGES, {"tms": ("Аспирин", None), "mnf": (None, "Аспирин")}),
    ]


def test_files_that_would_fail_or_load(house: House) -> None:
    trial = run(house, LAYOUT.replace("Количество", "Упаковок").replace("Type2", "Type3"))
    assert states(trial) == {
        "june.csv": "would fail",
        "broken.csv": "would load",
        "other.csv": "still fails",
        "july.csv": "would fail",
    }
    june = trial.in_state(State.WOULD_FAIL)[0]
    assert june.error is not None
    assert (june.error.code, june.before and june.before.loaded) == ("MISSING_COLUMN", 2)
    assert changes(trial)["2025-06"]["rows loaded"] == (2, 1)
    assert run(house, LAYOUT.replace("Type2", "Type3")).in_state(State.WOULD_LOAD)[0].file.report_type == "Type3"


def test_extra_columns_are_compared_as_what_they_say(house: House) -> None:
    house.drop("wide.csv", 'Дата;Товар;Количество;яя;а;Я длинное имя\n02.06.2025;Цитрамон;9;1;"2 ""3""";4\n')
    house.tick()
    assert states(run(house))["wide.csv"] == "the same"
    trial = run(house, LAYOUT.replace("left_out", "  яя: mnf\nleft_out"), Wanted(file_id=5), most_rows=3)
    (file,) = trial.files
    assert file.compared is not None
    assert file.compared.by_column == {"mnf": 1, "extra": 1}
    (row,) = file.compared.first
    assert row.cells == {"mnf": (None, "1"), "extra.яя": ("1", None)}


def test_only_what_is_wanted(house: House) -> None:
    assert set(states(run(house, wanted=Wanted(since=date(2025, 7, 1))))) == {"july.csv"}
    assert set(states(run(house, wanted=Wanted(report_type="Type3")))) == {"other.csv"}
    (july,) = house.query("SELECT id FROM ops.file_registry WHERE report_month = 7")
    assert set(states(run(house, wanted=Wanted(file_id=july.id)))) == {"july.csv"}
    assert states(run(house, wanted=Wanted(file_id=99))) == {}


def test_what_no_layout_decides_is_set_apart(house: House) -> None:
    house.drop("copy.csv", JUNE)
    house.tick()
    assert house.files()["copy.csv"] == "DUPLICATE_CONTENT"
    decide(house.platform, ["Поставщики данных/Дистрибьюторы/2025/06/Client_01/Type1/broken.csv"], ignore, "не наш")
    house.path("july.csv", month=7).unlink()
    house.tick()
    trial = run(house)
    assert states(trial) == {"june.csv": "the same", "other.csv": "still fails"}
    assert (trial.held, trial.gone) == (1, 1)


def test_a_file_that_has_changed_meanwhile_is_not_compared_by_rows(house: House) -> None:
    house.drop("june.csv", JUNE + "05.06.2025;Анальгин;1\n")
    trial = run(house)
    (june,) = [file for file in trial.files if file.file.path.endswith("june.csv")]
    assert (june.content_changed, june.compared, june.state) == (True, None, State.DIFFERS)


def test_corrections_and_lists_count_as_when_it_is_loaded(house: House) -> None:
    house.change(
        """INSERT INTO ops.row_correction (file_id, content_hash, source_sheet, source_row, raw_row, cells, who, why,
               workbook, workbook_hash)
           SELECT file_id, content_hash, 'csv', 4, '{"A": "04.07.2025", "B": "Нурофен", "C": "дцать"}',
               '[{"column": "C", "header": "Количество", "before": "дцать", "after": "12", "kind": "text"}]', 'a', 'b',
               'c', 'd'
           FROM ops.file_load l WHERE partition_month = '2025-07-01'"""
    )
    trial = run(house)
    assert changes(trial)["2025-07"]["sum of amount_type_1"] == (Decimal(3), Decimal(15))


def test_a_layout_that_is_wrong_is_an_error(house: House) -> None:
    with pytest.raises(PharmaError, match="LAYOUT_INVALID"):
        run(house, "supplier: Ромашка\n")


def test_a_reader_that_dies_takes_only_its_file_along(house: House) -> None:
    platform = replace(house.platform, settings=house.platform.settings.model_copy(update={"read_seconds": 0.000001}))
    trial = try_layout(platform, CLIENT, candidate(layout(house)))
    assert {file.error.code for file in trial.files if file.error} == {"TIMEOUT", "NO_SCRIPT_FOUND"}


def test_progress_is_told(house: House) -> None:
    told: list[tuple[int, int]] = []
    try_layout(house.platform, CLIENT, house.platform.transforms, tell=lambda done, of: told.append((done, of)))
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]


@pytest.mark.parametrize(
    ("client", "case"), [("Client_01", "preamble"), ("Client_02", "dates"), ("Client_03", "second_sheet")]
)
def test_the_known_clients_read_as_they_are_loaded(house: House, client: str, case: str) -> None:
    """Every kind of value survives the comparison: moments, decimals, texts, what goes to `extra`."""
    house.use_layouts(PROJECT / "client_transforms")
    house.drop(f"{case}.xlsx", example(client, case), client=client)
    house.tick()
    of_client = Client(Provider.DISTRIBUTOR, client)
    trial = try_layout(house.platform, of_client, house.platform.transforms, Wanted(file_id=5), most_rows=5)
    assert [(file.state, file.compared) for file in trial.files] == [(State.SAME, Comparison())]


@pytest.fixture
def tried(house: House) -> Trial:
    house.drop("<b>&.csv", "Дата;Товар;Упаковок\n02.06.2025;<script>;4\n")
    house.tick()
    return run(
        house,
        LAYOUT.replace("amount_type_1", "amount_type_2")
        .replace("Type2", "Type3")
        .replace("Товар: {to: tms", "Товар: {to: mnf"),
        most_rows=2,
    )


@pytest.mark.parametrize("language", ["en", "ru"])
def test_the_page_says_it_all_and_needs_nothing_else(tried: Trial, language: Language) -> None:
    content = page(tried, language)
    document = html.fromstring(content)
    text = document.text_content()
    for said in (
        "Дистрибьюторы/Client_01",
        "2025-07",
        "amount_type_2",
        "broken.csv",
        "MISSING_COLUMN",
        "other.csv",
        "Цитрамон",
    ):
        assert said in text
    assert document.xpath("//svg//rect[@class='after']")
    assert not document.xpath("//script | //link | //img | //iframe")
    assert re.findall(r"(?:src|href|url)\s*[=(]", content) == []
    assert "<b>&.csv" in text
    assert "<b>&" not in content, "what suppliers write is text, never markup"
    assert ("would load" in text, "начнёт загружаться" in text) == (language == "en", language == "ru")


def test_the_bars_are_as_high_as_their_figures(tried: Trial) -> None:
    document = html.fromstring(page(tried, "en"))
    (figure,) = [each for each in document.xpath("//figure") if each.xpath("h3")[0].text == "sum of amount_type_1"]
    bars = figure.xpath(".//rect[@class='before']")
    heights = {bar.xpath("title")[0].text: float(bar.get("height")) for bar in bars}
    assert heights == {"2025-06: 7": 112.0, "2025-07: 3": 48.0}
    assert {float(bar.get("height")) for bar in figure.xpath(".//rect[@class='after']")} == {0.0}


def test_the_document_is_json(tried: Trial) -> None:
    told: Any = json.loads(json.dumps(as_document(tried)))
    assert told["states"]["would load"] == 1
    assert told["months"][1]["changes"][0] == {
        "measure": "sum of amount_type_1",
        "before": "3.000",
        "after": 0,
        "difference": "-3.000",
    }
    june = next(file for file in told["files"] if file["path"].endswith("june.csv"))
    assert june["rows"]["first"][0]["cells"]["mnf"] == [None, "Цитрамон"]
