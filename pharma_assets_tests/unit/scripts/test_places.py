"""Scripts find what they look for, wherever they think they are."""

from __future__ import annotations

import csv
import io
import os
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
import xlwt

from pharma_assets.model.provider import Provider
from pharma_assets.model.target import RESULT_HEADER
from pharma_assets.scripts.found import find_scripts
from pharma_assets.scripts.header import header_template
from pharma_assets.scripts.places import named_paths, sought
from pharma_assets_tests.unit.scripts.bench import Bench, record

TEAM = Path(__file__).parents[2] / "scripts"
PROCESSING = r"C:\Users\user\Desktop\Python_scripts\automated_processing"

posix_only = pytest.mark.skipif(os.name == "nt", reason="these paths are absolute there")


def workbook(frame: pd.DataFrame) -> bytes:
    content = io.BytesIO()
    frame.to_excel(content, index=False)
    return content.getvalue()


def old_workbook() -> bytes:
    """An xls whose table begins in its third row."""
    book = xlwt.Workbook()
    sheet = book.add_sheet("Лист1")
    sheet.write(0, 0, "Отчёт за июнь")
    rows = [
        ["Филиал", "Покупатель", "ИНН", "Препарат", "Код", "Отгрузка", "Упаковки"],
        ["Москва", "ООО Ромашка", "0400000023", "Нурофен", "000123", "03.06.2025", 5],
    ]
    for number, row in enumerate(rows, start=2):
        for column, value in enumerate(row):
            sheet.write(number, column, value)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


JUNE = pd.DataFrame(
    {
        "Дата": ["02.06.2025", "03.06.2025"],
        "Товар": ["Цитрамон", "Аспирин"],
        "ИНН": ["0400000023", "5000000024"],
        "Кол-во": [2, 0],
        "Сумма": [1000, 5],
    }
)


@posix_only
@pytest.mark.parametrize(
    ("client", "provider", "name", "source"),
    [
        ("Client_21", Provider.DISTRIBUTOR, "июнь.xlsx", workbook(JUNE)),
        ("Client_21", Provider.DISTRIBUTOR, "июнь.csv", JUNE.to_csv(sep=";", index=False).encode("cp1251")),
        ("Client_22", Provider.DISTRIBUTOR, "июнь № 6.xls", old_workbook()),
        (
            "Client_23",
            Provider.CHAIN,
            "июнь.csv",
            "дата\tаптека\tтовар\tкод\tупаковки\n02.06.2025\tА\tЦитрамон\t0001\t2\n\tА\tЦитрамон\t1\t0\n".encode(
                "cp1251"
            ),
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_scripts_as_teams_write_them_run_as_they_are(
    bench: Bench, client: str, provider: Provider, name: str, source: bytes
) -> None:
    before = {path: path.read_bytes() for path in TEAM.rglob("*") if path.is_file()}
    task = record(client, provider, name)
    made = bench.run(find_scripts(TEAM)[task.client_month.client], source, task)
    suffix = Path(made.name).suffix
    assert made.name.startswith(f"{client}_id17_{Path(name).stem}_2")
    read = pd.read_excel if suffix == ".xlsx" else pd.read_csv
    text = {"sep": ";", "encoding": "utf-8-sig" if client == "Client_22" else "cp1251"}
    how: dict[str, str] = {"engine": "openpyxl"} if suffix == ".xlsx" else text
    (row,) = read(io.BytesIO(made.content), dtype=str, **how).to_dict("records")  # type: ignore[operator]
    assert set(row) >= set(RESULT_HEADER.values())
    assert row["tms"] in ("Цитрамон", "Нурофен")
    assert {path: path.read_bytes() for path in TEAM.rglob("*") if path.is_file()} == before


def test_the_header_is_the_one_that_scripts_write() -> None:
    (sheet,) = openpyxl.load_workbook(io.BytesIO(header_template())).worksheets
    assert [[cell.value for cell in row] for row in sheet.rows] == [list(RESULT_HEADER.values())]
    assert (len(RESULT_HEADER), list(RESULT_HEADER.values())[12]) == (27, "Report_Provaider")


def test_the_task_list_has_the_one_record(bench: Bench) -> None:
    made = bench.run("write(content=open('Reestr/new_files_registry.csv', encoding='utf-8').read())")
    assert made.content.startswith(b"\xef\xbb\xbfid;file_path;status;")
    (row,) = csv.DictReader(io.StringIO(made.content.decode("utf-8-sig")), delimiter=";")
    assert row == {
        "id": "17",
        "file_path": record().path,
        "status": "NEW",
        "data_provider": "Дистрибьютор",
        "report_year": "2025",
        "report_month": "6",
        "client_name": "Client_21",
        "report_type": "Type1",
        "uploaded_at": "2025-07-01 09:30:00+0300",
        "created_at": "2025-07-01 09:30:00+0300",
        "script": str(bench.root / "Distibutors" / "Client_21" / "Client_21_processing.py"),
    }


def test_the_source_is_a_copy_with_its_time(bench: Bench) -> None:
    made = bench.run(
        """
        path = os.environ["TASK_FILE"]
        content, uploaded = open(path).read(), os.path.getmtime(path)
        with open(path, "w") as file: file.write("spoilt")
        os.remove(path)
        write(content=f"{content} {uploaded:.0f}")
        """,
        b"source",
    )
    assert made.content == f"source {record().uploaded_at.timestamp():.0f}".encode()


LIST = "pathlib.Path(r'{}').read_bytes().decode('utf-8-sig').startswith('id;file_path')"
HEADER = "pathlib.Path(r'{}').stat().st_size > 4000"


@posix_only
@pytest.mark.parametrize(
    "looks",
    [
        LIST.format(rf"{PROCESSING}\Reestr\new_files_registry.csv"),
        LIST.format("D:/work/Reestr/new_files_registry.csv"),
        f"(pathlib.Path(r'{PROCESSING}') / 'Reestr' / 'new_files_registry.csv').exists()",
        rf"pathlib.Path(r'{PROCESSING}' + r'\Reestr\new_files_registry.csv').exists()",
        r"pathlib.Path(os.path.join(r'C:\Users\user\Desktop', 'Python_scripts', 'automated_processing', 'Reestr',"
        " 'new_files_registry.csv')).exists()",
        rf"os.path.exists(os.path.join(r'{PROCESSING}\Reestr', 'new_files_registry.csv'))",
        HEADER.format(rf"{PROCESSING}\report_header\report_header.xlsx"),
        r"(pathlib.Path('E:\\old') / 'report_header/report_header.xlsx').exists()",
        r"os.path.isdir(r'C:\Users\user\Desktop\Итоговые отчеты')",
        r"os.path.isdir(os.path.join(r'C:\Users\user\Desktop', 'Итоговые отчёты'))",
        r"open(os.path.join(r'D:\sftp', os.environ['TASK_FILE'])).read() == 'source'",
        "(pathlib.Path.home() / 'Desktop' / 'Итоговые отчеты').is_dir()",
        "os.path.exists(os.path.expanduser('~/Desktop/Python_scripts/automated_processing/Reestr/new_files_registry.csv'))",
        "(pathlib.Path(__file__).resolve().parents[3] / 'report_header' / 'report_header.xlsx').exists()",
        "pathlib.Path(__file__).resolve().parents[3] == pathlib.Path.cwd().resolve()",
    ],
)
def test_a_path_of_the_original_machine_leads_here(bench: Bench, looks: str) -> None:
    assert bench.run(f"import pathlib\nassert {looks}\nwrite()").content


@posix_only
@pytest.mark.parametrize(
    "target",
    [
        r"r'C:\Users\user\Desktop\Итоговые отчеты' + os.sep",
        r"rf'C:\Users\user\Desktop\Итоговые отчеты' + chr(92)",
        "os.path.expanduser('~/Desktop/Итоговые отчёты/')",
        r"(os.makedirs(r'Z:\отчёты\Итоговые отчёты', exist_ok=True), r'Z:\отчёты\Итоговые отчёты/')[1]",
        r"(__import__('shutil').rmtree('Итоговые отчеты'), os.mkdir('Итоговые отчеты'), 'Итоговые отчеты/')[2]",
    ],
)
def test_a_result_is_found_wherever_the_script_has_put_it(bench: Bench, target: str) -> None:
    made = bench.run(f"target = {target}\nopen(target + name, 'w').write('here')")
    assert (made.name, made.content) == ("Client_21_id17_june_20250701_093000.csv", b"here")


def test_what_lies_beside_a_script_is_there(bench: Bench) -> None:
    code = """
    import pathlib, sys
    sys.path.append(str(pathlib.Path(__file__).resolve().parents[2]))
    import helper, common
    table = (pathlib.Path(__file__).parent / "города.csv").read_text(encoding="utf-8")
    write(content=f"{helper.WORD} {common.WORD} {table}")
    """
    script = bench.script(code)
    (script.file.parent / "helper.py").write_text("WORD = 'рядом'", encoding="utf-8")
    (script.file.parent / "города.csv").write_text("Москва", encoding="utf-8")
    (bench.root / "common.py").write_text("WORD = 'общее'", encoding="utf-8")
    assert bench.run(script).content.decode() == "рядом общее Москва"
    assert not list(bench.root.rglob("*.pyc"))


@posix_only
def test_no_path_in_a_script_leads_out_of_its_folder(bench: Bench, tmp_path: Path) -> None:
    bench.run(rf"outside = r'C:/../../../../../../../../../{tmp_path}/outside'; write()")
    assert not (tmp_path / "outside").exists()


def test_texts_that_are_paths_are_told_from_others(tmp_path: Path) -> None:
    code = (
        "a = r'C:\\x\\y'; b = '/home/x'; c = 'Reestr/list.csv'; d = 'c: двоеточие'; e = f'D:/z/{a}'; f = '''C:\\\n'''"
    )
    (tmp_path / "a.py").write_text(code, encoding="utf-8")
    (tmp_path / "b.py").write_text("это не Python", encoding="utf-8")
    assert named_paths([tmp_path / "a.py", tmp_path / "b.py", tmp_path / "c.py"]) == ["C:\\x\\y", "/home/x", "D:/z/"]


def test_the_end_of_a_path_says_what_is_missing() -> None:
    place = ("Desktop", "work", "Reestr", "list.csv")
    told = {(what.behind, what.told) for what in sought(r"C:\Users\u\desktop\WORK", [place])}
    assert (("Reestr", "list.csv"), True) in told
    assert {what.behind for what in sought(r"D:\Reestr\list.csv", [place])} == {()}
    assert list(sought(r"D:\другое.xlsx", [place])) == []


class TestDesk:
    """Scripts that name absolute paths of this very machine."""

    @pytest.fixture
    def desktop(self, bench: Bench, tmp_path: Path) -> Path:
        desktop = tmp_path / "user" / "Desktop"
        bench.settings = {"script_desktop": desktop}
        return desktop

    def test_the_original_places_are_served(self, bench: Bench, desktop: Path) -> None:
        script = bench.script(
            f"""
            import pathlib
            DESKTOP = pathlib.Path(r'{desktop}')
            ROOT = DESKTOP / "Python_scripts" / "automated_processing"
            assert (ROOT / "report_header" / "report_header.xlsx").stat().st_size > 4000
            tasks = (ROOT / "Reestr" / "new_files_registry.csv").read_text(encoding="utf-8-sig")
            write(DESKTOP / "Итоговые отчеты", content=tasks.splitlines()[1])
            """
        )
        for _ in range(2):
            assert bench.run(script).content.decode().startswith(f"17;{record().path};NEW;")
            assert [path.name for path in (desktop / "Итоговые отчеты").iterdir()] == []

    def test_other_places_are_served_where_their_name_says_what_they_are(self, bench: Bench, desktop: Path) -> None:
        made = bench.run(
            f"""
            tasks = r'{desktop}/обработка/Reestr/new_files_registry.csv'
            results = r'{desktop}/обработка/Итоговые отчёты'
            somewhere = r'{desktop}/обработка'
            write(results, content=open(tasks, encoding="utf-8-sig").read()[:2])
            """
        )
        assert made.content == b"id"
        assert sorted(path.name for path in (desktop / "обработка").iterdir()) == ["Reestr", "Итоговые отчёты"]

    def test_a_header_of_the_teams_own_stays(self, bench: Bench, desktop: Path) -> None:
        header = desktop / "Python_scripts" / "automated_processing" / "report_header" / "report_header.xlsx"
        header.parent.mkdir(parents=True)
        header.write_bytes(b"own")
        bench.run("write()")
        assert header.read_bytes() == b"own"

    def test_a_result_of_another_time_is_not_taken(self, bench: Bench, desktop: Path) -> None:
        folder = desktop / "Итоговые отчеты"
        folder.mkdir(parents=True)
        for name in ("old_id17_.csv", "other_id18_.csv"):
            (folder / name).write_text("old")
            os.utime(folder / name, (1_000_000_000, 1_000_000_000))
        assert bench.run(f"write(r'{folder}', content='new')").content == b"new"
        assert sorted(path.name for path in folder.iterdir()) == ["old_id17_.csv", "other_id18_.csv"]
