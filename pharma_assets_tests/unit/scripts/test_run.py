"""What is done with a script that behaves in any way it likes."""

from __future__ import annotations

import ast
import contextlib
import errno
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from pharma_assets.errors import PharmaError
from pharma_assets.scripts import output, process, workplace
from pharma_assets_tests.unit.scripts.bench import Bench, record

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="Linux holds these limits")

# A script of which nothing must be left: its own process, a child, and one that has left its session and its parent.
BREEDS = """
    import subprocess, sys, time, pathlib
    daemon = (
        "import os, pathlib, time\\n"
        "os.setsid()\\n"
        "if os.fork(): os._exit(0)\\n"
        "pathlib.Path(r'{pids}', str(os.getpid())).touch()\\n"
        "time.sleep(600)\\n"
    )
    subprocess.Popen([sys.executable, "-c", daemon])
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    for pid in (os.getpid(), child.pid):
        pathlib.Path(r'{pids}', str(pid)).touch()
    while len(os.listdir(r'{pids}')) < 3:
        time.sleep(0.01)
"""


def failure(bench: Bench, script: str) -> PharmaError:
    with pytest.raises(PharmaError) as caught:
        bench.run(script)
    assert not list(bench.runs.iterdir()), "the working folder is taken away, whatever happened"
    return caught.value


def notes(problem: PharmaError) -> str:
    return "\n".join(getattr(problem, "__notes__", []))


def pids_in(folder: Path) -> list[int]:
    return [int(path.name) for path in folder.iterdir()]


def gone(pids: list[int]) -> bool:
    return not any(psutil.pid_exists(pid) and psutil.Process(pid).status() != "zombie" for pid in pids)


def wait_for(condition: Callable[[], bool]) -> None:
    for _ in range(600):
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError("it does not come")


def test_a_good_script_gives_its_file(bench: Bench) -> None:
    made = bench.run("print('Читаю'); write(); print('[OK]')")
    assert made.name == "Client_21_id17_june_20250701_093000.csv"
    assert made.content.decode() == "tms\nЦитрамон\n"
    assert made.source_digest == "41cf6794ba4200b839c53531555f0f3998df4cbb01a4d5cb0b94e3ca5e23947d"
    assert bench.heard == ["Читаю", "[OK]"]
    assert not list(bench.runs.iterdir())


def test_an_exit_code_is_a_part_of_the_reason(bench: Bench) -> None:
    problem = failure(bench, "print('начало'); raise SystemExit(3)")
    assert (problem.code, problem.problem.transient) == ("RETURN_CODE_3", False)
    assert "Distibutors/Client_21/Client_21_processing.py ended with exit code 3; its last words: начало" in str(
        problem
    )


def test_a_traceback_is_kept_with_the_error(bench: Bench) -> None:
    problem = failure(bench, "print('до'); write(); import no_such_package")
    assert problem.code == "RETURN_CODE_1"
    assert problem.facts["said"] == "ModuleNotFoundError: No module named 'no_such_package'"
    assert notes(problem).startswith("до\nTraceback")
    assert "PHARMA_SCRIPT_PYTHON" in problem.advice


def test_a_signal_is_a_negative_exit_code(bench: Bench) -> None:
    problem = failure(bench, "os.kill(os.getpid(), 11)")
    assert problem.code == "RETURN_CODE_-11"


def test_nobody_answers_a_script_that_asks(bench: Bench) -> None:
    problem = failure(bench, "input('Продолжить? ')")
    assert problem.code == "RETURN_CODE_1"
    assert problem.facts["said"].startswith("EOFError")


@linux_only
def test_a_script_whose_time_is_over_goes_with_all_that_it_has_started(bench: Bench, tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    pids.mkdir()
    bench.settings = {"script_seconds": 3}
    problem = failure(bench, BREEDS.format(pids=pids) + "    print('жду', flush=True)\n    time.sleep(600)")
    assert (problem.code, problem.problem.transient) == ("TIMEOUT", True)
    assert "longer than 3 s" in problem.message
    assert notes(problem) == "жду"
    assert len(pids_in(pids)) == 3
    assert gone(pids_in(pids))


@linux_only
def test_what_a_good_script_leaves_running_is_ended(bench: Bench, tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    pids.mkdir()
    assert bench.run(BREEDS.format(pids=pids) + "    write()").content
    assert len(pids_in(pids)) == 3
    assert gone(pids_in(pids))


@linux_only
@pytest.mark.parametrize("victim", ["platform", "supervisor"])
def test_a_script_does_not_outlive_those_who_watch_it(bench: Bench, tmp_path: Path, victim: str) -> None:
    pids = tmp_path / "pids"
    pids.mkdir()
    up = tmp_path / "up"
    bench.script(
        BREEDS.format(pids=pids)
        + f"""
    pathlib.Path(r'{up}.new').write_text(str(os.getpid()))
    os.rename(r'{up}.new', r'{up}')
    time.sleep(600)
    """
    )
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from pharma_assets.scripts.found import find_scripts\n"
        "from pharma_assets_tests.unit.scripts.bench import Bench, record\n"
        "bench = Bench(Path(sys.argv[1]))\n"
        "try: bench.run(find_scripts(bench.root)[record().client_month.client])\n"
        "except Exception as error: print(error.code, error.problem.transient, flush=True)\n"
    )
    platform = subprocess.Popen([sys.executable, "-c", code, str(bench.home)], stdout=subprocess.PIPE, text=True)
    try:
        wait_for(up.exists)
        (supervisor,) = psutil.Process(platform.pid).children()
        assert {child.pid for child in supervisor.children(recursive=True)} >= set(pids_in(pids))
        os.kill(platform.pid if victim == "platform" else supervisor.pid, signal.SIGKILL)
        told, _ = platform.communicate(timeout=60)
        assert told.split() == ([] if victim == "platform" else ["LAUNCH_ERROR", "True"])
        wait_for(lambda: not supervisor.is_running())
        # Where the supervisor itself is shot, the script dies with it; what it has started may be left.
        wait_for(lambda: gone(pids_in(pids) if victim == "platform" else [int(up.read_text())]))
    finally:
        platform.kill()
        for pid in pids_in(pids):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def test_a_script_that_cannot_be_started(bench: Bench, tmp_path: Path) -> None:
    bench.settings = {"script_python": tmp_path / "no python"}
    problem = failure(bench, "write()")
    assert (problem.code, problem.problem.transient) == ("LAUNCH_ERROR", True)
    assert "no python" in problem.message


@pytest.mark.skipif(os.name == "nt", reason="a shell script stands for a Python")
def test_the_python_is_a_setting(bench: Bench, tmp_path: Path) -> None:
    python = tmp_path / "other python"
    python.write_text(f'#!/bin/sh\necho "the other one"\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    bench.settings = {"script_python": python}
    bench.run("write()")
    assert bench.heard == ["the other one"]


@linux_only
def test_memory_is_limited(bench: Bench) -> None:
    bench.settings = {"script_memory_mb": 256}
    problem = failure(bench, "bytearray(1 << 30)")
    assert (problem.code, problem.facts["said"]) == ("RETURN_CODE_1", "MemoryError")
    assert "PHARMA_SCRIPT_MEMORY_MB" in problem.advice


@linux_only
def test_a_file_has_a_largest_size(bench: Bench) -> None:
    bench.settings = {"script_output_mb": 1}
    assert "File too large" in str(failure(bench, "write(content='x' * (3 << 20))"))
    assert len(bench.run("write(content='x' * (1 << 20))").content) == 1 << 20


def test_without_a_file_there_is_nothing(bench: Bench) -> None:
    problem = failure(bench, "write(folder='.'); write(name='report.csv'); print('Пропуск')")
    assert problem.code == "NO_OUTPUT_FILE"
    assert problem.facts == {
        "script": "Distibutors/Client_21/Client_21_processing.py",
        "pattern": "_id17_",
        "left": "Client_21_id17_june_20250701_093000.csv, report.csv",
        "said": "Пропуск",
    }


@pytest.mark.parametrize(("number", "code"), [(errno.ENOSPC, "NO_SPACE"), (errno.EBUSY, "LOCKED")])
def test_a_working_folder_that_cannot_be_made_is_no_script_s_fault(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, number: int, code: str
) -> None:
    def refuse(*_: object) -> bytes:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(workplace, "render_tasks", refuse)
    problem = failure(bench, "write()")
    assert (problem.code, problem.problem.transient) == (code, True)


@pytest.mark.parametrize(
    ("name", "taken"),
    [
        ("x_id17_y.csv", True),
        ("X_ID17_y.XLSX", True),
        ("x-id17.csv", True),
        ("x_id171_y.csv", False),
        ("x_id7_y.csv", False),
        ("xid17_y.csv", False),
        ("~$x_id17_y.xlsx", False),
    ],
)
def test_the_name_says_whose_a_file_is(bench: Bench, name: str, taken: bool) -> None:
    if taken:
        assert bench.run(f"write(name={name!r})").name == name
    else:
        assert failure(bench, f"write(name={name!r})").code == "NO_OUTPUT_FILE"


def test_two_different_files_are_in_doubt(bench: Bench) -> None:
    problem = failure(bench, "write(); write(name='b_id17_.csv', content='other')")
    assert problem.code == "AMBIGUOUS_OUTPUT"
    assert problem.facts["names"] == "Client_21_id17_june_20250701_093000.csv, b_id17_.csv"


def test_the_same_file_twice_is_one(bench: Bench) -> None:
    assert bench.run("write('Итоговые отчёты'); write('Итоговые отчеты')").content


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_a_link_is_no_result(bench: Bench) -> None:
    problem = failure(bench, "os.symlink('/etc/hostname', os.path.join('Итоговые отчёты', name))")
    assert problem.code == "NO_OUTPUT_FILE"


def test_a_script_may_talk_without_end(bench: Bench) -> None:
    made = bench.run("write(); import sys\nfor _ in range(1600): sys.stdout.write(('x' * 63 + '\\n') * 1024)\nexit()")
    assert made.content
    assert len(bench.heard) == output.MOST_LINES + 1
    assert bench.heard[-1].startswith(f"… more than {output.MOST_LINES} lines")


def test_of_much_talk_the_end_is_kept(bench: Bench) -> None:
    problem = failure(bench, "print('x' * 100_000_000); print('y\\n' * 5000); print('конец'); exit(1)")
    assert notes(problem).endswith("y\n\nконец")
    assert len(notes(problem).encode()) <= output.TAIL
    assert bench.heard[0] == "x" * output.LONGEST_LINE
    assert len(bench.heard) == output.MOST_LINES + 1


def test_talk_in_another_encoding_is_read(bench: Bench) -> None:
    bench.run(
        """
        import sys
        sys.stdout.buffer.write("Готово: 5 строк".encode("cp1251") + b"\\r\\n")
        sys.stderr.buffer.write(b"\\x00\\x1b[31m\\xff\\xfe\\n")
        write()
        """
    )
    assert sorted(bench.heard) == ["Готово: 5 строк", "\ufffd\ufffd[31mяю"]


def test_both_streams_are_heard_in_their_order(bench: Bench) -> None:
    bench.run("import sys\nfor i in range(6): print(i, file=(sys.stdout, sys.stderr)[i % 2])\nwrite()")
    assert bench.heard == list("012345")


def test_lines_are_heard_while_the_script_runs(bench: Bench, tmp_path: Path) -> None:
    """The script waits for what its own line brings about."""
    done = tmp_path / "done"

    class Answering(list[str]):
        def append(self, line: str) -> None:
            super().append(line)
            if line == "ready":
                done.touch()

    bench.heard = Answering()
    bench.run(f"import time\nprint('ready')\nwhile not os.path.exists({str(done)!r}): time.sleep(0.01)\nwrite()")
    assert bench.heard == ["ready"]


def test_a_script_knows_its_record_and_no_secret(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PHARMA_DATABASE_URL", "postgresql://pharma:s3cret@db/pharma")
    monkeypatch.setenv("PGPASSWORD", "s3cret")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s3cret")
    monkeypatch.setenv("NLS_LANG", "RUSSIAN_RUSSIA.CL8MSWIN1251")
    monkeypatch.setenv("PYTHONPATH", "s3cret")
    bench.settings = {"script_environment": "NLS_LANG, NOT_SET"}
    told = json.loads(bench.run("import json; write(content=json.dumps(dict(os.environ)))").content)
    assert not [name for name, value in told.items() if "s3cret" in value or name.startswith("PHARMA")]
    assert told["NLS_LANG"] == "RUSSIAN_RUSSIA.CL8MSWIN1251"
    assert "NOT_SET" not in told
    assert {name: value for name, value in told.items() if name.startswith("TASK_")} == {
        "TASK_ID": "17",
        "TASK_FILE": record().path,
        "TASK_CLIENT": "Client_21",
        "TASK_REPORT_TYPE": "Type1",
    }


def test_runs_at_once_do_not_meet(bench: Bench, tmp_path: Path) -> None:
    """Each of two scripts goes on only when the other one runs too."""
    script = bench.script(
        f"""
        import time
        os.close(os.open(rf'{tmp_path}/{{os.getpid()}}.up', os.O_CREAT))
        while len([name for name in os.listdir(r'{tmp_path}') if name.endswith('.up')]) < 2: time.sleep(0.01)
        write(content=repr((os.getcwd(), sorted(os.listdir()), os.environ['TASK_ID'])))
        """
    )
    made: list[bytes] = []
    threads = [threading.Thread(target=lambda: made.append(bench.run(script).content)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    one, other = (ast.literal_eval(content.decode()) for content in made)
    assert one[0] != other[0]
    assert one[1:] == other[1:]


def test_an_interrupt_ends_the_script(bench: Bench, tmp_path: Path) -> None:
    class Interrupting(list[str]):
        def append(self, line: str) -> None:
            raise KeyboardInterrupt(line)

    bench.heard = Interrupting()
    with pytest.raises(KeyboardInterrupt) as caught:
        bench.run("print(os.getpid()); import time; time.sleep(600)")
    assert gone([int(str(caught.value))])
    assert not list(bench.runs.iterdir())


def test_a_supervisor_that_does_not_answer_is_ended(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "_GRACE_SECONDS", 1.0)
    monkeypatch.setattr(process, "_LAST_SECONDS", 0.5)
    bench.settings = {"script_seconds": 1}
    problem = failure(bench, "os.kill(os.getppid(), 19)\nimport time\ntime.sleep(600)")
    assert problem.code == "LAUNCH_ERROR"
