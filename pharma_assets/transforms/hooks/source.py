"""The text of a `hooks.py`: what it may hold, and calling its functions. What these get is the business of others.

The module is made anew from its text for every call and stands in no registry of modules, so that nothing is left from
one report to the next or from one client to another, and what runs is the text of which the fingerprint is a digest.
"""

from __future__ import annotations

import ast
import traceback
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import CodeType
from typing import Any

from pharma_assets.errors import PharmaError

HOOKS_NAME = "hooks.py"
NAMES = ("raw", "renamed", "final")
"""The functions, in the order in which they are called."""

# A hook reckons with what it is given. The list keeps slips out, not malice: who may write hooks may write anything.
_MODULES = frozenset(
    """
    __future__ calendar collections dataclasses datetime decimal enum fractions functools itertools math numbers numpy
    operator pandas re string textwrap typing unicodedata
    """.split()
)
_NO_NAMES = frozenset("open exec eval compile input breakpoint __import__".split())
_READS, _WRITES = "read_", frozenset("to_csv to_excel to_feather to_hdf to_orc to_parquet to_pickle to_sql".split())


@dataclass(frozen=True)
class Hooks:
    """A `hooks.py` that was checked; `names` are those of NAMES that it defines."""

    file: Path
    source: bytes
    names: frozenset[str]

    @cached_property
    def _code(self) -> CodeType:
        return compile(self.source, str(self.file), "exec", dont_inherit=True)

    def call(self, name: str, frame: Any) -> object:
        """What the function makes of a frame. Raises PharmaError HOOK_FAILED, with the line, for whatever it raises."""
        module: dict[str, Any] = {"__name__": f"hooks of {self.file.parent.name}", "__file__": str(self.file)}
        try:
            exec(self._code, module)  # noqa: S102 - the client's own code, which is what it is there for
            return module[name](frame)
        except (Exception, SystemExit) as error:
            raise self.failed(name, f"{_told(error)}{self._line(error)}") from error

    def failed(self, name: str, why: str) -> PharmaError:
        """HOOK_FAILED of one of the functions."""
        return PharmaError("HOOK_FAILED", hook=name, file=self.file, why=why)

    def _line(self, error: BaseException) -> str:
        """The innermost line of the hook on the way to an error."""
        frames = traceback.extract_tb(error.__traceback__)
        line = next((frame.lineno for frame in reversed(frames) if frame.filename == str(self.file)), None)
        if line is None:
            return ""
        return f", line {line}: {self.source.decode().splitlines()[line - 1].strip()}"


def _told(error: BaseException) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:400]}"


def read_hooks(file: Path, source: bytes) -> Hooks:
    """Check the text of a `hooks.py` without running it. Raises ValueError that says which line is wrong."""
    try:
        tree = ast.parse(source, str(file))
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None)
        raise _wrong(line, f"no Python: {getattr(error, 'msg', error)}") from error
    names = set()
    for node in tree.body:
        if isinstance(node, ast.AsyncFunctionDef):
            raise _wrong(node.lineno, f"{node.name} must not be async")
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            _check_function(node)
            names.add(node.name)
    if not names:
        raise _wrong(None, f"none of {', '.join(NAMES)} is defined")
    for each in ast.walk(tree):
        _refuse_outside(each)
    return Hooks(file, source, frozenset(names))


def _check_function(node: ast.FunctionDef) -> None:
    if node.name not in NAMES:
        raise _wrong(node.lineno, f"{node.name} is none of {', '.join(NAMES)}; other functions begin with _")
    arguments = node.args
    if len(arguments.posonlyargs + arguments.args) != 1 or arguments.kwonlyargs or arguments.vararg or arguments.kwarg:
        raise _wrong(node.lineno, f"{node.name} takes a DataFrame and nothing else")


def _refuse_outside(node: ast.AST) -> None:
    modules: list[str] = []
    if isinstance(node, ast.Import):
        modules = [alias.name for alias in node.names]
    elif isinstance(node, ast.ImportFrom):
        modules = ["." * node.level + (node.module or "")]
    for module in modules:
        if module.partition(".")[0] not in _MODULES:
            raise _wrong(node.lineno, f"{module} cannot be imported: a hook reads, writes and asks nothing")  # type: ignore[attr-defined]
    if isinstance(node, ast.Name) and node.id in _NO_NAMES:
        raise _wrong(node.lineno, f"{node.id} cannot be used: a hook reads, writes and asks nothing")
    if isinstance(node, ast.Attribute) and (node.attr in _WRITES or node.attr.startswith(_READS)):
        raise _wrong(node.lineno, f"{node.attr} cannot be used: a hook reads, writes and asks nothing")


def _wrong(line: int | None, why: str) -> ValueError:
    return ValueError(f"{HOOKS_NAME}, line {line}: {why}" if line else f"{HOOKS_NAME}: {why}")
