"""Asking a person about the columns that are in doubt."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer
from rich.markup import escape

from pharma_assets.drafting.roles import NONE, ROLES

if TYPE_CHECKING:
    from rich.console import Console

    from pharma_assets.drafting.draft import Draft, DraftColumn

_WORD = {NONE: "none (kept in extra)"}


def ask(out: Console, draft: Draft) -> Draft:
    """The draft after every doubt was put to the person at the terminal: Enter takes what is proposed."""
    doubts = [column.place for column in draft.doubts if not column.repeated]
    if doubts:
        out.print(
            f"{len(doubts)} columns are in doubt. Enter takes the proposal; a number, a target or none changes it."
        )
    for place in doubts:
        column = next(each for each in draft.columns if each.place == place)
        draft = draft.decided(place, _answer(out, column))
    return draft


def _answer(out: Console, column: DraftColumn) -> str:
    samples = " · ".join(column.profile.samples) or "blank"
    out.print(f"[bold]{escape(column.letter)} {escape(column.header)}[/]: {escape(samples[:90])}", soft_wrap=True)
    others = [role for role, _ in column.rivals] + ([NONE] if column.role != NONE else [])
    others = list(dict.fromkeys(others))
    choices = "  ".join(f"{number}) {_WORD.get(role, role)}" for number, role in enumerate(others, start=1))
    out.print(f"    {_WORD.get(column.role, column.role)} ({column.confidence:.0%}); or {choices}", soft_wrap=True)
    while True:
        text = str(typer.prompt("    what is it", default=column.role)).strip()
        if text.isdigit() and 0 < int(text) <= len(others):
            return others[int(text) - 1]
        if text in (*ROLES, NONE):
            return text
        out.print(f"    one of: {', '.join((*ROLES, NONE))}", soft_wrap=True)
