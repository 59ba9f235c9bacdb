"""The catalogue as a whole, and the language in which it is told."""

from __future__ import annotations

from collections.abc import Mapping

from pharma_assets.errors import (
    audit,
    clients,
    corrections,
    delivery,
    files,
    paths,
    platform,
    reference,
    remarks,
    report,
    rows,
    scripts,
)
from pharma_assets.errors.problem import Language, Message, Problem

MODULES = (platform, paths, files, scripts, report, delivery, rows, remarks, audit, corrections, reference, clients)

CATALOGUE: dict[str, Problem] = {problem.code: problem for module in MODULES for problem in module.PROBLEMS}


class _Spoken:
    """Of the process, not of a thread or context: Dagster evaluates sensors in threads that it starts itself."""

    language: Language = "en"


def speak(language: Language) -> None:
    """Have this process tell every problem in that language from now on, those raised before too."""
    _Spoken.language = language


def told(code: str, facts: Mapping[str, object]) -> Message:
    """A problem's message and advice in the language that is spoken. Raises KeyError for an unknown code and for a fact
    that is missing."""
    words = CATALOGUE[code].words(_Spoken.language)
    return Message(words.message.format(**facts), words.advice.format(**facts))


# Around a problem whose cause is known: a file's header is not what it was.
_EXPLAINED: dict[Language, Message] = {
    "en": Message(
        "{message}. What has changed: {findings}",
        "Run `{command}`: it shows the patch for layout.yaml. {advice}",
    ),
    "ru": Message(
        "{message}. Что изменилось: {findings}",
        "Выполните `{command}`: команда покажет исправление для layout.yaml. {advice}",
    ),
}


def explained(words: Message, findings: str, command: str) -> Message:
    """A problem's words with what has led to it and what to run, in the language that is spoken."""
    frame = _EXPLAINED[_Spoken.language]
    facts = {**words._asdict(), "findings": findings, "command": command}
    return Message(frame.message.format(**facts), frame.advice.format(**facts))
