"""Which file another program's path means, and which file a row came from: never a guess between two."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pharma_assets.loading.adoption.cells import amount
from pharma_assets.loading.adoption.matching import How, Matcher, Origin
from pharma_assets.loading.adoption.places import Places, Present, tail_of
from pharma_assets.loading.adoption.registry import Adopted, Original, settle
from pharma_assets.model.client_month import Client, ClientMonth
from pharma_assets.model.provider import Provider
from pharma_assets.model.report_path import Leaf
from pharma_assets.model.status import Status
from pharma_assets.model.target import Type
from pharma_assets.registry.files import NOWHERE
from pharma_assets.transforms.values.amounts import NO_EVIDENCE, evidence_of

NOON = datetime(2025, 7, 1, 12, tzinfo=UTC)
PATH = "Поставщики данных/Дистрибьюторы/2025/06/Client_01/Type1/Отчёт №1.xlsx"
JUNE = ClientMonth(Client(Provider.DISTRIBUTOR, "Client_01"), 2025, 6)


def places(*paths: str) -> Places:
    return Places(Present(path, 1, 1) for path in paths)


@pytest.mark.parametrize(
    "written",
    [
        PATH,
        f"/srv/sftp/{PATH}",
        "C:\\Users\\user\\SFTP\\" + PATH.replace("/", "\\"),
        "\\\\server\\share\\" + PATH.replace("/", "\\"),
        PATH.removeprefix("Поставщики данных/"),
        f"D:/Сети/Дистрибьюторы/2024/{PATH}",
        PATH.replace("//", "/./"),
        PATH.upper().replace("ДИСТРИБЬЮТОРЫ", "Дистрибьюторы"),
        PATH.replace("ё", "е\u0308"),
    ],
)
def test_a_path_from_elsewhere_is_found(written: str) -> None:
    found = places(PATH, PATH.replace("06", "07"), PATH.replace("Client_01", "Client_02")).find(written)
    assert found is not None
    assert found.path == PATH


@pytest.mark.parametrize(
    "written", ["Отчёт №1.xlsx", "", "Дистрибьюторы/2025/06/Client_01/Отчёт №1.xlsx", "a/b/c/d/e/f"]
)
def test_what_is_no_reports_path_is_none(written: str) -> None:
    assert tail_of(written) is None
    assert places(PATH).find(written) is None


def test_two_that_a_path_may_mean_are_no_answer_unless_the_rest_of_it_tells() -> None:
    both = places(f"A/{PATH}", f"B/{PATH}")
    with pytest.raises(LookupError, match="may be A/"):
        both.find(PATH)
    found = both.find(f"C:\\SFTP\\B\\{PATH}")
    assert found is not None
    assert found.path == f"B/{PATH}"
    upper = places(PATH, PATH.replace("Отчёт", "ОТЧЁТ")).find(PATH.replace("Отчёт", "ОТЧЁТ"))
    assert upper is not None
    assert "ОТЧЁТ" in upper.path


def test_what_is_not_there_would_lie_where_the_others_do() -> None:
    gone = "E:\\" + PATH.replace("/", "\\").replace("№1", "№2")
    assert places(f"sftp/{PATH}").home(gone) == f"sftp/{PATH.replace('№1', '№2')}"
    assert places().home(gone) == PATH.replace("№1", "№2")


def file(number: int, path: str = PATH, status: Status = Status.CREATED) -> Adopted:
    tail = tail_of(path)
    assert tail is not None
    return Adopted(number, path, tail.leaf, status)


def origin(
    path: str | None, result: str | None = None, client: str | None = "Client_01", month: int | None = 6
) -> Origin:
    return Origin(path, result, "Дистрибьютор", client, date(2025, month, 1) if month else None)


JULY = PATH.replace("/06/", "/07/")
OTHER = PATH.replace("№1", "№2")


@pytest.mark.parametrize(
    ("said", "number", "how"),
    [
        (origin("C:\\" + PATH.replace("/", "\\")), 1, How.PATH),
        (origin(PATH, "Client_01_id2_Отчёт №1_20250701_120000.xlsx"), 1, How.PATH),
        (origin(None, "C:\\Данные на загрузку\\Client_01_id2_Отчёт №1_20250701_120000.xlsx"), 2, How.ID),
        (origin("Отчёт №1.xlsx", "Client_01_id2_Отчёт №1_20250701_120000.xlsx", month=6), 2, How.ID),
        (origin("Отчёт №2.xlsx"), 3, How.NAME),
        (origin("ОТЧЁТ №2.XLSX", client=None), 3, How.NAME),
        (origin("Отчёт №1.xlsx", month=7), 2, How.NAME),
    ],
)
def test_a_rows_file_is_found(said: Origin, number: int, how: How) -> None:
    matcher = Matcher([file(1), file(2, JULY), file(3, OTHER)], places(PATH, JULY, OTHER), date(2023, 1, 1))
    found, found_how = matcher.find(said)
    assert (found.id, found_how) == (number, how)
    assert matcher.added == []


def test_two_files_whose_names_differ_in_case_only_keep_their_rows_apart() -> None:
    upper = PATH.replace("Отчёт", "ОТЧЁТ")
    matcher = Matcher([file(1), file(2, upper)], places(PATH, upper), date(2023, 1, 1))
    assert [matcher.find(origin(path))[0].id for path in (PATH, upper)] == [1, 2]
    with pytest.raises(LookupError):
        matcher.find(origin(PATH.replace("Отчёт", "отчёт")))


@pytest.mark.parametrize(
    "said",
    [
        origin(None),
        origin("Отчёт №1.xlsx", month=None),
        origin("Отчёт №2.xlsx", client="Client_02"),
        origin("Отчёт №3.xlsx", "Client_01_id2_Отчёт №1_20250701_120000.xlsx"),
        origin(None, "Client_01_id2_Другой_20250701_120000.xlsx"),
        origin(None, "Client_01_id99_Отчёт №1_20250701_120000.xlsx"),
        origin(None, "Client_01_id2_Отчёт №1_20250701_120000.xlsx", client="Client_02"),
    ],
)
def test_rows_whose_file_cannot_be_told_have_a_place_of_their_own(said: Origin) -> None:
    matcher = Matcher([file(1), file(2, JULY), file(3, OTHER)], places(PATH, JULY, OTHER), date(2023, 1, 1))
    found, how = matcher.find(said)
    assert how is How.NONE
    assert (found.path.startswith(f"{NOWHERE}/"), found.status, found.id) == (True, Status.DELETE, 4)
    assert matcher.find(said) == (found, how)
    assert matcher.added == [found]


TEXTS = st.sampled_from(
    [None, "", PATH, JULY, "Отчёт №1.xlsx", "a\\b.xlsx", "?", "../x", "Client_01_id1_Отчёт №1_1.csv"]
)


@given(st.lists(st.tuples(TEXTS, TEXTS, st.sampled_from([None, "Сеть", "Дистрибьютор", "?"]), TEXTS), max_size=20))
def test_whatever_a_row_says_it_has_one_file_with_a_path_of_its_own(said: list[tuple[str | None, ...]]) -> None:
    matcher = Matcher([file(1)], places(PATH), date(2023, 1, 1))
    found = [matcher.find(Origin(*texts, month))[0] for texts in said for month in (None, date(2025, 6, 1))]
    paths = [PATH, *(added.path for added in matcher.added)]
    assert len(set(paths)) == len(paths)
    assert {file.path for file in found} <= set(paths)
    for added in matcher.added:
        assert "\\" not in added.path
        assert not added.path.startswith("/")
        assert added.leaf.client_month.client.name


@pytest.mark.parametrize(
    ("before", "here", "after"),
    [
        (Status.CREATED, True, Status.CREATED),
        (Status.CREATED, False, Status.DELETE),
        (Status.NEW, True, Status.NEW),
        (Status.PROCESSING, True, Status.NEW),
        (Status.ERROR, True, Status.NEW),
        (Status.ERROR, False, Status.DELETE),
        (Status.DELETE, True, Status.DELETE),
    ],
)
def test_what_a_status_becomes(before: Status, *, here: bool, after: Status) -> None:
    (adopted,) = settle([Original(5, PATH, before, NOON)], places(PATH) if here else places())
    assert (adopted.id, adopted.path, adopted.status) == (5, PATH, after)


def test_a_path_that_is_none_is_what_its_columns_say() -> None:
    leaf = Leaf(JUNE, "Type1")
    (adopted,) = settle([Original(5, "E:\\odd.xlsx", Status.CREATED, NOON, leaf=leaf)], places(PATH))
    assert (adopted.path, adopted.leaf, adopted.status) == ("E:/odd.xlsx", leaf, Status.DELETE)


@pytest.mark.parametrize(
    ("text", "texts", "expected"),
    [
        ("1.234", [], "1.234"),
        ("1.234", ["5.678,90"], "1234"),
        ("1,234", ["12,5"], "1.234"),
        ("1,234", [], None),
        ("2.500", ["3.125"], "2.5"),
        ("1e3", [], "1000"),
        ("1e-5", [], None),
        ("0.12345", [], None),
        ("NaN", [], None),
        ("много", [], None),
        ("-", [], None),
        ("123456789012345", [], "123456789012345"),
        ("1234567890123456", [], None),
        ("-0.125", [], "-0.125"),
    ],
)
def test_what_a_text_in_a_column_of_figures_says(text: str, texts: list[str], expected: str | None) -> None:
    evidence = NO_EVIDENCE
    for other in (text, *texts):
        evidence |= evidence_of(other, Type.AMOUNT)
    found = amount(text, Type.AMOUNT, evidence)
    assert found == (None if expected is None else Decimal(expected))


@given(st.decimals(min_value=-(10**15) + 1, max_value=10**15 - 1, places=3, allow_nan=False))
def test_a_number_as_a_database_writes_it_is_that_number(value: Decimal) -> None:
    assert amount(f"{value:f}", Type.AMOUNT, evidence_of(f"{value:f}", Type.AMOUNT)) == value
