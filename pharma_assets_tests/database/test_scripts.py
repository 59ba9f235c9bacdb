"""Client scripts take files all the way: the same accounting, the same life of a file as by a layout."""

from __future__ import annotations

import csv
import io
import os
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pharma_assets.inbox.source import Inbox
from pharma_assets.intake import take_in
from pharma_assets.loading import ingest
from pharma_assets.loading.audit import audit
from pharma_assets.loading.by_script import clear_script_runs
from pharma_assets.loading.client_month import Work, work_on
from pharma_assets.loading.decisions import decide, release
from pharma_assets.loading.ingest import Step
from pharma_assets.loading.platform import current_transforms
from pharma_assets.model.client_month import Client, ClientMonth
from pharma_assets.model.provider import Provider
from pharma_assets.model.target import RESULT_HEADER
from pharma_assets.registry.files import RegisteredFile, due_files
from pharma_assets.registry.locks import client_month_lock, try_lock
from pharma_assets_tests.database.house import JUNE, LAYOUT, House, opened_house

SCRIPTED = Client(Provider.DISTRIBUTOR, "Client_21")

# Takes the reports of `house.JUNE`. {more} is done with the rows before they are written.
SCRIPT = """
import csv, os
columns = {columns}
task = os.environ["TASK_ID"]
with open(os.environ["TASK_FILE"], encoding="utf-8") as source:
    rows = [dict(zip(("period", "tms", "amount_type_1"), row)) for row in list(csv.reader(source, delimiter=";"))[1:]]
{more}
target = os.path.join("Итоговые отчёты", f"Client_21_id{{task}}_june_20250701_093000.csv")
with open(target, "w", encoding="utf-8-sig", newline="") as file:
    writer = csv.DictWriter(file, columns, delimiter=";")
    writer.writeheader()
    writer.writerows(rows)
"""
# The same rows in other bytes at each run, as workbooks are.
OTHER_BYTES = "import time; columns.append(f'run {time.time_ns()}')"


@pytest.fixture
def house(tmp_path: Path, database: str) -> Iterator[House]:
    with opened_house(tmp_path, database) as house:
        house.platform = replace(house.platform, settings=settings_with(house, script_reload_months=1200))
        yield house


def settings_with(house: House, **changes: Any) -> Any:
    return house.platform.settings.model_copy(update=changes)


def script(house: House, more: str = "", client: str = "Client_21", name: str | None = None) -> Path:
    """Another script from now on."""
    folder = house.platform.settings.scripts_root / "Distibutors" / client
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / (name or f"{client}_processing.py")
    text = SCRIPT.format(columns=list(RESULT_HEADER.values()), more=textwrap.dedent(more))
    file.write_text(text if name is None else more, encoding="utf-8")
    look_again(house)
    return file


def look_again(house: House) -> None:
    """What opening the platform does at each tick."""
    house.platform = replace(house.platform, transforms=current_transforms(house.platform.settings))


def drop(house: House, name: str = "june.csv", content: str = JUNE, **place: Any) -> Path:
    return house.drop(name, content, **{"client": "Client_21", **place})


def results(house: House) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in house.platform.settings.results_folder.glob("*")}


def quarantined(house: House) -> list[str]:
    return sorted(path.name for path in house.platform.settings.quarantine_folder.glob("*"))


def differences(house: House) -> list[str]:
    return [difference.code for difference in audit(house.platform).differences]


def fingerprints(house: House) -> dict[str, str]:
    """Name → the fingerprint of what has loaded it."""
    query = """
        SELECT f.file_path, l.transform_fingerprint AS fingerprint FROM ops.file_load l
        JOIN ops.file_registry f ON f.id = l.file_id WHERE l.superseded_at IS NULL
    """
    return {row.file_path.rpartition("/")[2]: row.fingerprint for row in house.query(query)}


def test_a_script_takes_a_file_all_the_way(house: House) -> None:
    script(house)
    drop(house)
    house.tick()
    assert house.files() == {"june.csv": "CREATED"}
    rows = house.query(
        "SELECT tms, amount_type_1::int AS packs, (period AT TIME ZONE 'Europe/Moscow')::date::text AS day,"
        " source_sheet, source_row, filename_ish, filename_result, report_provider, report_provider_name, extra"
        " FROM raw.primary_data ORDER BY source_row"
    )
    ((name, content),) = results(house).items()
    path = "Поставщики данных/Дистрибьюторы/2025/06/Client_21/Type1/june.csv"
    registry = (path, name, "Дистрибьютор", "Client_21", None)
    assert [tuple(row) for row in rows] == [
        ("Цитрамон", 2, "2025-06-02", "result:csv", 2, *registry),
        ("Аспирин", 5, "2025-06-03", "result:csv", 3, *registry),
    ]
    assert name.startswith("Client_21_id1_june_20")
    # What a row says it comes from is found there.
    written = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig")), delimiter=";"))
    assert [row["tms"] for row in written] == ["Цитрамон", "Аспирин"]
    (load,) = house.query("SELECT rows_read, rows_loaded, sums, transform_fingerprint FROM ops.file_load")
    assert (load.rows_read, load.rows_loaded, load.sums) == (2, 2, {"amount_type_1": "7.000"})
    assert load.transform_fingerprint.startswith("script:")
    (event,) = house.query("SELECT detail FROM ops.file_event WHERE event = 'CREATED'")
    assert event.detail["script"] == "Distibutors/Client_21/Client_21_processing.py"
    assert event.detail["script_file"] == "Client_21_id1_june_20250701_093000.csv"
    assert differences(house) == []
    assert list(house.platform.settings.script_runs_folder.iterdir()) == []


def test_it_comes_over_sftp_as_well(house: House, opened: Callable[[Path], Inbox]) -> None:
    house.platform = replace(house.platform, inbox=opened(house.inbox))
    script(house)
    drop(house)
    for _ in range(2):  # a new file is looked at twice there
        house.tick()
    assert house.rows() == [("june.csv", 7)]


def test_a_layout_wins_for_the_types_that_it_handles(house: House) -> None:
    script(house, client="Client_01")
    house.drop("a.csv")
    house.drop("b.csv", JUNE.replace("Аспирин", "Анальгин"), report_type="Type3")
    assert due_once(house)
    house.tick()
    assert house.files() == {"a.csv": "CREATED", "b.csv": "CREATED"}
    sheets = house.query("SELECT DISTINCT filename_ish LIKE '%/b.csv' AS scripted, source_sheet FROM raw.primary_data")
    assert sorted(map(tuple, sheets)) == [(False, "csv"), (True, "result:csv")]
    assert {name: value.startswith("script:") for name, value in fingerprints(house).items()} == {
        "a.csv": False,
        "b.csv": True,
    }
    assert due_once(house) == []


def due_once(house: House) -> list[str]:
    """What is due, each file once."""
    take_in(house.platform, "test")
    with house.platform.engine.connect() as connection:
        due = [file.path for file in due_files(connection, house.platform.transforms.versions)]
    assert len(due) == len(set(due))
    return due


def test_a_script_does_not_stand_in_for_a_broken_layout(house: House) -> None:
    script(house, client="Client_01")
    layout = house.platform.settings.transforms / "distributors" / "Client_01" / "layout.yaml"
    layout.write_text("nonsense", encoding="utf-8")
    look_again(house)
    house.drop("a.csv")
    house.drop("b.csv", JUNE + " ", report_type="Type3")
    house.tick()
    assert house.files() == {"a.csv": "LAYOUT_INVALID", "b.csv": "LAYOUT_INVALID"}
    layout.write_text(LAYOUT, encoding="utf-8")
    look_again(house)
    house.tick()
    assert house.files() == {"a.csv": "CREATED", "b.csv": "CREATED"}


def test_a_file_waits_until_its_script_is_there(house: House) -> None:
    drop(house)
    house.tick()
    assert house.files() == {"june.csv": "NO_SCRIPT_FOUND"}
    (detail,) = house.query("SELECT error_detail ->> 'advice' AS advice FROM ops.file_registry")
    assert "Distibutors/Client_21/Client_21_processing.py" in detail.advice
    script(house)
    house.tick()
    assert house.files() == {"june.csv": "CREATED"}


def test_the_script_stands_in_the_task_list(house: House) -> None:
    file = script(house)
    drop(house)
    take_in(house.platform, "test")
    listed = house.platform.settings.task_list.read_text(encoding="utf-8-sig")
    (row,) = csv.DictReader(io.StringIO(listed), delimiter=";")
    assert row["script"] == file.as_posix()


def test_a_failure_stands_in_the_registry_with_what_the_script_said(house: House) -> None:
    script(house, "print('колонки нет'); raise SystemExit(3)")
    drop(house)
    house.tick()
    (file,) = house.query("SELECT status, error_reason, error_detail, next_attempt_at FROM ops.file_registry")
    assert (file.status, file.error_reason, file.next_attempt_at) == ("ERROR", "RETURN_CODE_3", None)
    assert "its last words: колонки нет" in file.error_detail["message"]
    assert file.error_detail["output"] == "колонки нет"
    house.tick()
    assert house.query("SELECT attempt FROM ops.file_registry")[0].attempt == 1, "a lasting error does not spin"
    script(house)
    house.tick()
    assert house.rows() == [("june.csv", 7)]


def test_a_changed_helper_is_a_changed_script(house: House) -> None:
    script(house, "raise SystemExit(3)", name="helper.py")
    script(house, "import helper")
    drop(house)
    house.tick()
    assert house.files() == {"june.csv": "RETURN_CODE_3"}
    script(house, "# mended", name="helper.py")
    house.tick()
    assert house.files() == {"june.csv": "CREATED"}


def test_a_script_that_hangs_is_tried_again(house: House) -> None:
    house.platform = replace(house.platform, settings=settings_with(house, script_seconds=1))
    script(house, "import time; time.sleep(600)")
    drop(house)
    house.tick()
    assert house.files() == {"june.csv": "TIMEOUT"}
    (pause,) = house.query("SELECT next_attempt_at - now() AS left FROM ops.file_registry")
    assert timedelta(minutes=4) < pause.left <= timedelta(minutes=5)


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_a_changed_script_reloads_what_is_loaded(house: House, ends: str) -> None:
    file = script(house)
    drop(house)
    house.tick()
    file.write_bytes(file.read_bytes().replace(b"\n", ends.encode()))
    look_again(house)
    assert due_once(house) == [], "line ends are no change"
    script(house, "rows = rows[:1]")
    house.tick()
    assert house.rows() == [("june.csv", 2)]
    assert differences(house) == []


@pytest.mark.parametrize(
    ("months", "reloaded"), [(0, {"0.csv"}), (1, {"0.csv", "1.csv"}), (2, {"0.csv", "1.csv", "2.csv"})]
)
def test_how_far_back_a_changed_script_reloads_is_a_setting(house: House, months: int, reloaded: set[str]) -> None:
    house.platform = replace(house.platform, settings=settings_with(house, script_reload_months=months))
    script(house)
    now = datetime.now(house.platform.timezone)
    for back in range(3):
        year, month = divmod(now.year * 12 + now.month - 1 - back, 12)
        drop_into(house, year, month + 1, f"{back}.csv", JUNE.replace("Аспирин", f"Аспирин {back}"))
    drop_into(house, 2025, 1, "failed.csv", "no report")
    house.tick()
    assert house.files() == {**dict.fromkeys(("0.csv", "1.csv", "2.csv"), "CREATED"), "failed.csv": "OUTPUT_INVALID"}
    script(house, "rows.reverse()")
    due = {path.rpartition("/")[2] for path in due_once(house)}
    assert due == {*reloaded, "failed.csv"}, "what failed is due, whatever its month"


def drop_into(house: House, year: int, month: int, name: str, content: str) -> None:
    folder = house.inbox / f"Поставщики данных/Дистрибьюторы/{year}/{month:02d}/Client_21/Type1"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(content, encoding="utf-8")
    os.utime(folder / name, (1_750_000_000, 1_750_000_000))


def test_a_layout_in_place_of_the_script_reloads_everything(house: House) -> None:
    house.platform = replace(house.platform, settings=settings_with(house, script_reload_months=0))
    script(house)
    drop(house)
    house.tick()
    layout = house.platform.settings.transforms / "distributors" / "Client_21" / "layout.yaml"
    layout.parent.mkdir()
    layout.write_text(LAYOUT, encoding="utf-8")
    look_again(house)
    house.tick()
    assert not fingerprints(house)["june.csv"].startswith("script:")
    assert [name.rpartition(".")[2] for name in results(house)] == ["csv"]
    assert differences(house) == []


def test_a_file_that_cannot_be_loaded_is_kept_and_the_rows_before_it_stay(house: House) -> None:
    script(house)
    drop(house)
    house.tick()
    script(house, "columns.remove('tms'); [row.pop('tms') for row in rows]")
    house.tick()
    assert house.files() == {"june.csv": "OUTPUT_INVALID"}
    (file,) = house.query("SELECT error_detail ->> 'message' AS message FROM ops.file_registry")
    assert "MISSING_COLUMN: sheet csv, row 1: missing columns: tms" in file.message
    assert house.rows() == [("june.csv", 7)]
    assert quarantined(house) == ["Client_21_id1_june_20250701_093000.csv"]
    assert differences(house) == []


def test_rejected_rows_are_held_back(house: House) -> None:
    script(house)
    drop(house, content=JUNE + "вчера;Нурофен;1\n")
    house.tick()
    (row,) = house.query("SELECT source_sheet, source_row, code, column_header, raw_value FROM ops.rejected_row")
    assert tuple(row) == ("result:csv", 4, "VALUE_DATE", "period", "вчера")
    assert house.rows() == [("june.csv", 7)]


def test_the_same_bytes_count_once(house: House) -> None:
    script(house)
    drop(house, "a.csv")
    house.tick()
    drop(house, "bb.csv")
    house.tick()
    assert house.files() == {"a.csv": "CREATED", "bb.csv": "DUPLICATE_CONTENT"}


def test_a_second_file_of_the_same_days_waits_for_a_person(house: House) -> None:
    script(house)
    drop(house, "a.csv")
    house.tick()
    drop(house, "bb.csv", JUNE.replace("Аспирин", "Анальгин"))
    house.tick()
    assert house.files() == {"a.csv": "CREATED", "bb.csv": "PERIOD_OVERLAP"}
    assert house.rows() == [("a.csv", 7)]
    decide(house.platform, ["2"], release, "two parts of one month")
    house.tick()
    assert house.rows() == [("a.csv", 7), ("bb.csv", 7)]
    assert differences(house) == []


@pytest.mark.parametrize("more", ["", OTHER_BYTES], ids=["same bytes", "other bytes"])
def test_a_rebuild_leaves_one_result(house: House, more: str, monkeypatch: pytest.MonkeyPatch) -> None:
    moments = iter(range(10, 60))
    plain = ingest.result_name

    def later(client: str, file_id: int, path: str, moment: datetime, suffix: str = ".csv") -> str:
        return plain(client, file_id, path, moment.replace(second=next(moments)), suffix)

    monkeypatch.setattr(ingest, "result_name", later)
    script(house, more)
    drop(house)
    house.tick()
    before = results(house)
    rebuild(house)
    after = results(house)
    assert len(after) == 1
    assert (after == before) is (not more)
    assert quarantined(house) == (list(before) if more else [])
    assert differences(house) == []
    assert house.rows() == [("june.csv", 7)]


def rebuild(house: House) -> None:
    month = ClientMonth(SCRIPTED, 2025, 6)
    work_on(house.platform, month, "test", Work.NORMALIZE | Work.LOAD, rebuild=True)


class Killed(BaseException):
    """Stands for a process that ends there and then."""


@pytest.mark.parametrize("more", ["", OTHER_BYTES], ids=["same bytes", "other bytes"])
@pytest.mark.parametrize("step", list(Step))
def test_a_crash_at_any_step_costs_a_repeat(
    house: House, step: Step, more: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    script(house, more)
    drop(house)

    def die(_: RegisteredFile, reached: Step) -> None:
        if reached is step:
            raise Killed

    with monkeypatch.context() as patched:
        for module in ("ingest", "client_month"):
            patched.setattr(f"pharma_assets.loading.{module}.reached", die)
        with pytest.raises(Killed):
            house.tick()
    house.tick()
    house.tick()
    assert house.files() == {"june.csv": "CREATED"}
    assert house.rows() == [("june.csv", 7)]
    assert len(results(house)) == 1
    assert differences(house) == []


def test_what_a_dead_platform_has_left_is_taken_away(house: House) -> None:
    script(house)
    drop(house)
    take_in(house.platform, "test")
    runs = house.platform.settings.script_runs_folder
    for name in ("script_id1_abc", "script_id77_nobody_s"):
        (runs / name / "Desktop").mkdir(parents=True)
    month = ClientMonth(SCRIPTED, 2025, 6)
    with try_lock(house.platform.engine, client_month_lock(month)):
        assert clear_script_runs(house.platform) == ["script_id77_nobody_s"]
    assert clear_script_runs(house.platform, {month}) == []
    take_in(house.platform, "test")
    assert list(runs.iterdir()) == []


def test_nothing_is_written_into_the_inbox(house: House) -> None:
    script(house, "open(os.environ['TASK_FILE'], 'w').close(); open('Поставщики данных/new.csv', 'w').close()")
    path = drop(house)
    house.tick()
    assert house.files() == {"june.csv": "CREATED"}
    assert [found for found in house.inbox.rglob("*") if found.is_file()] == [path]
    assert path.read_text(encoding="utf-8") == JUNE
