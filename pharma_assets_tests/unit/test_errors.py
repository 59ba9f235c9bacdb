"""The error catalogue: complete in both languages, raised as it is written, told in the language of the settings."""

from __future__ import annotations

import ast
import pickle
import re
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

import pharma_assets
from pharma_assets.cli import main
from pharma_assets.errors import CATALOGUE, Language, PharmaError, Problem, Scope, catalogue, speak, told
from pharma_assets.reading.document import read_document
from pharma_assets.reading.hints import Hints
from pharma_assets.settings import load_settings
from pharma_assets.transforms.catalog import parse_layout
from pharma_assets.transforms.normalize import normalize

SOURCE = Path(pharma_assets.__file__).parent

ENGLISH_ACTION = re.compile(
    r"\b(add|ask|check|close|compare|correct|free|give|look|make|map|mount|move|name|open|rename|report|run|say|see|wait"
    r"|nothing to do)\b",
    re.IGNORECASE,
)
RUSSIAN_ACTION = re.compile(r"\b\w+[ийь]те(сь)?\b|ничего делать не нужно", re.IGNORECASE)

each_problem = pytest.mark.parametrize("problem", CATALOGUE.values(), ids=CATALOGUE.keys())


@pytest.fixture(autouse=True)
def english_afterwards() -> Iterator[None]:
    """The language belongs to the process, and so to all tests that follow."""
    yield
    speak("en")


@each_problem
def test_both_languages_say_the_same_facts(problem: Problem) -> None:
    assert problem.en.placeholders() == problem.ru.placeholders()
    for english, russian in zip(problem.en, problem.ru, strict=True):
        assert set(re.findall(r"\{\w+\}", english)) == set(re.findall(r"\{\w+\}", russian))


@each_problem
def test_both_languages_say_the_same_names(problem: Problem) -> None:
    """Commands, variables, keys of a layout: what is typed is the same whoever reads."""
    for english, russian in zip(problem.en, problem.ru, strict=True):
        assert Counter(re.findall(r"`[^`]+`", english)) == Counter(re.findall(r"`[^`]+`", russian))
        names = r"PHARMA_[A-Z_]+|\w+\.(?:yaml|toml|log)"
        assert set(re.findall(names, english)) == set(re.findall(names, russian))


@each_problem
def test_a_message_states_and_an_advice_tells_what_to_do(problem: Problem) -> None:
    for (message, advice), action in ((problem.en, ENGLISH_ACTION), (problem.ru, RUSSIAN_ACTION)):
        assert message.strip()
        assert not message.endswith(".")
        assert action.search(advice), advice
        assert advice[0].isupper()
        assert advice.endswith(".")
    # Folders are called by their Russian names.
    assert not re.search("[а-яё]", re.sub("«[^»]*»", "", "".join(problem.en)), re.IGNORECASE)
    assert all(re.search("[а-яё]", text, re.IGNORECASE) for text in problem.ru)


def test_every_code_stands_once() -> None:
    entries = [problem.code for module in catalogue.MODULES for problem in module.PROBLEMS]
    assert entries == list(CATALOGUE)


def test_only_files_are_tried_again_by_themselves() -> None:
    """An attempt is counted for a file; `docs/errors.md` says for the other scopes what happens."""
    assert {problem.scope for problem in CATALOGUE.values() if problem.transient} == {Scope.FILE}


def modules() -> Iterator[ast.Module]:
    """The syntax of every module that may raise something."""
    for file in sorted(SOURCE.rglob("*.py")):
        if SOURCE / "errors" not in file.parents:
            yield ast.parse(file.read_text(encoding="utf-8"))


def raised_in(module: ast.Module) -> set[str]:
    """The codes that stand in a module, but for those that something is compared with or looked up by."""
    codes = [node for node in ast.walk(module) if isinstance(node, ast.Constant) and node.value in CATALOGUE]
    asked: set[ast.AST | None] = set()
    for node in ast.walk(module):
        if isinstance(node, ast.Compare):
            asked |= {part for side in (node.left, *node.comparators) for part in ast.walk(side)}
        elif isinstance(node, ast.Dict):
            asked |= set(node.keys)
    return {str(node.value) for node in codes if node not in asked}


def test_every_code_is_raised_somewhere() -> None:
    raised = {code for module in modules() for code in raised_in(module)}
    assert set(CATALOGUE) - raised == set()


def test_codes_are_raised_with_the_facts_of_their_words() -> None:
    """A missing fact would hide the problem behind a KeyError; one too many would be told to nobody."""
    wrong = []
    for node in (node for module in modules() for node in ast.walk(module)):
        if not isinstance(node, ast.Call) or not node.args or not isinstance(node.func, ast.Name):
            continue
        code = node.args[0].value if isinstance(node.args[0], ast.Constant) else None
        if node.func.id not in {"PharmaError", "CellProblem"} or not isinstance(code, str):
            continue
        if code not in CATALOGUE:
            wrong.append(f"{code} is not in the catalogue")
            continue
        facts = {keyword.arg for keyword in node.keywords}
        if None not in facts and facts != CATALOGUE[code].placeholders:
            wrong.append(f"{code} with {sorted(filter(None, facts))}, told with {sorted(CATALOGUE[code].placeholders)}")
    assert wrong == []


def test_an_unknown_code_and_a_missing_fact_fail_where_they_are_raised() -> None:
    with pytest.raises(KeyError, match="NO_SUCH_CODE"):
        PharmaError("NO_SUCH_CODE")
    with pytest.raises(KeyError, match="CORRUPT_FILE without format"):
        PharmaError("CORRUPT_FILE", why="…")


def test_english_is_spoken_unless_told_otherwise() -> None:
    error = PharmaError("TIMEOUT", seconds=300)
    assert str(error) == "TIMEOUT: it took longer than 300 s"
    assert error.advice.startswith("Nothing to do at first")
    assert (error.message, error.advice) == told("TIMEOUT", {"seconds": 300})


def test_the_language_is_that_of_the_moment_of_telling() -> None:
    error = PharmaError("TIMEOUT", seconds=300)
    speak("ru")
    assert str(error) == "TIMEOUT: это заняло больше 300 с"
    assert error.advice.startswith("Сначала ничего делать не нужно")
    assert error.problem.message == "it took longer than {seconds} s"


def test_the_language_is_that_of_the_whole_process() -> None:
    speak("ru")
    heard: list[str] = []
    thread = threading.Thread(target=lambda: heard.append(str(PharmaError("EMPTY_FILE"))))
    thread.start()
    thread.join()
    assert heard == ["EMPTY_FILE: в файле 0 байт"]


def test_a_problem_travels_between_processes_without_its_words() -> None:
    error = PharmaError("INTERNAL_ERROR", kind="OSError", why=threading.Lock())
    sent = pickle.dumps(error)
    speak("ru")
    received = pickle.loads(sent)  # noqa: S301
    assert (received.code, received.facts) == (error.code, error.facts)
    assert str(received).startswith("INTERNAL_ERROR: непредвиденная ошибка OSError: <unlocked")
    assert b"unexpected" not in sent


@given(st.text(), st.text())
def test_facts_are_told_as_they_are(format: str, why: str) -> None:
    assert PharmaError("CORRUPT_FILE", format=format, why=why).message == f"not readable as {format}: {why}"


def test_a_fact_is_kept_as_it_was() -> None:
    first: list[str] = ["a"]
    error = PharmaError("ALL_ROWS_REJECTED", rows=1, first=first)
    first.append("b")
    assert error.message == "none of 1 rows could be loaded; first: ['a']"


@pytest.mark.parametrize(
    ("language", "message", "advice"),
    [
        (None, "the inbox folder {} is not there", "Mount it"),
        ("en", "the inbox folder {} is not there", "Mount it"),
        ("ru", "папки входящих {} нет на месте", "Подключите её"),
    ],
)
def test_a_command_speaks_the_language_of_the_settings(
    language: Language | None,
    message: str,
    advice: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    settings_of(tmp_path, monkeypatch, language)
    monkeypatch.setattr(sys, "argv", ["pharma-assets", "scan", "--dry-run"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == f"INBOX_MISSING: {message.format(tmp_path / 'inbox')}"
    assert lines[1].startswith(advice)


def test_settings_that_cannot_be_read_are_told_in_the_language_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings_of(tmp_path, monkeypatch, "ru")
    monkeypatch.setenv("PHARMA_TIMEZONE", "Atlantis")
    with pytest.raises(PharmaError, match="SETTINGS_INVALID: с такими настройками работать нельзя: timezone"):
        load_settings()
    settings_of(tmp_path, monkeypatch, None)
    with pytest.raises(PharmaError, match="SETTINGS_INVALID: the settings cannot be used: timezone"):
        load_settings()


@pytest.mark.parametrize(
    ("language", "message"),
    [
        (None, "not a number, or not clear which"),
        ("ru", "не число или непонятно какое"),
    ],
)
def test_a_rejected_cell_speaks_the_language_of_the_settings(
    language: Language | None, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings_of(tmp_path, monkeypatch, language)
    load_settings()
    layout = parse_layout(
        "{supplier: Тест, report_types: [Type1], columns: {Дата: period, Количество: amount_type_1}}".encode()
    )
    content = "Дата;Количество\n02.06.2025;1\n03.06.2025;много\n".encode()
    document = read_document(content, Hints(headers=layout.known_headers))
    report = normalize(document, layout, ZoneInfo("Europe/Moscow"))
    (row,) = report.rejected
    assert [(cell.code, cell.message) for cell in row.cells] == [("VALUE_AMOUNT", message)]


def settings_of(home: Path, monkeypatch: pytest.MonkeyPatch, language: Language | None) -> None:
    monkeypatch.chdir(home)
    monkeypatch.setenv("PHARMA_HOME", str(home))
    for name in ("PHARMA_INBOX", "PHARMA_LANGUAGE"):
        monkeypatch.delenv(name, raising=False)
    if language is not None:
        monkeypatch.setenv("PHARMA_LANGUAGE", language)
