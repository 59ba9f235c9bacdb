"""The catalogue of everything that can be wrong, each with a code, a message and advice in English and Russian.

The same code stands in `ops.file_registry.error_reason`, in Dagster's metadata, in what the commands print and in
`docs/errors.md` and `docs/errors.ru.md`, which are written from this package. Raising happens elsewhere; nothing here
knows a file or a database.
"""

from __future__ import annotations

from collections.abc import Sequence

from pharma_assets.errors.catalogue import CATALOGUE, explained, speak, told
from pharma_assets.errors.problem import Language, Message, Problem, Scope

__all__ = ["CATALOGUE", "Language", "Message", "PharmaError", "Problem", "Scope", "speak", "told"]


class PharmaError(Exception):
    """A problem of the catalogue with its facts: `PharmaError("CORRUPT_FILE", format="xlsx", why="…")`.

    `str(error)` is `CODE: message`; `error.advice` says what to do; both in the language that is spoken when they are
    asked for. Raises KeyError for a code that is unknown or a fact that is missing, so that a misspelt one fails in the
    first test that meets it.
    """

    def __init__(self, code: str, **facts: object) -> None:
        self.problem = CATALOGUE[code]
        missing = self.problem.placeholders - facts.keys()
        if missing:
            raise KeyError(f"{code} without {', '.join(sorted(missing))}")
        # As they are now: what is told later must not depend on what became of an object, and must travel by pickle.
        self.facts = {name: fact if type(fact) in (str, int, float) else str(fact) for name, fact in facts.items()}
        self.findings: tuple[PharmaError, ...] = ()
        self.command = ""
        super().__init__(code, self.facts)

    def explained(self, findings: Sequence[PharmaError], command: str) -> PharmaError:
        """This problem with what has led to it: problems that its message goes on to name, and the command that shows
        more and mends what can be."""
        explained = PharmaError(self.problem.code, **self.facts)
        explained.findings, explained.command = tuple(findings), command
        return explained

    @property
    def code(self) -> str:
        return self.problem.code_with(self.facts)

    @property
    def message(self) -> str:
        return self._words().message

    @property
    def advice(self) -> str:
        return self._words().advice

    def _words(self) -> Message:
        words = told(self.problem.code, self.facts)
        if not self.findings:
            return words
        findings = "; ".join(finding.message for finding in self.findings)
        return explained(words, findings, self.command)

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (self.problem.code, self.facts, self.findings, self.command)


def _rebuild(code: str, facts: dict[str, object], findings: tuple[PharmaError, ...], command: str) -> PharmaError:
    return PharmaError(code, **facts).explained(findings, command)
