"""What the page of a trial says, in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pharma_assets.errors import Language
from pharma_assets.shadow.measures import State
from pharma_assets.shadow.stored_rows import Kind


@dataclass(frozen=True)
class Words:
    """The words of the page. `measures`: the beginnings of measures' names, and how they are said."""

    title: str
    layout: str
    made: str
    files: str
    nothing_changed: str
    held: str
    gone: str
    by_month: str
    same_months: str
    all_same: str
    month: str
    what: str
    before: str
    after: str
    difference: str
    by_column: str
    column: str
    cells: str
    files_to_look_at: str
    now: str
    rows: str
    sheet: str
    row: str
    more_rows: str
    states: Mapping[State, str]
    kinds: Mapping[Kind, str]
    measures: Mapping[str, str]

    def measure(self, name: str) -> str:
        """A measure's name in this language."""
        for beginning, said in self.measures.items():
            if name.startswith(beginning):
                return said + name.removeprefix(beginning)
        return name


WORDS: Mapping[Language, Words] = {
    "en": Words(
        title="What a layout would change",
        layout="layout",
        made="made",
        files="files tried",
        nothing_changed="Nothing was changed: neither the database nor any folder.",
        held="held back for reasons that no layout changes",
        gone="no longer in the inbox; their rows stay as they are",
        by_month="By month",
        same_months="months would be the same, to the cell",
        all_same="Every file would be the same, to the cell.",
        month="month",
        what="measure",
        before="is",
        after="would be",
        difference="difference",
        by_column="Cells that would change, by column",
        column="column",
        cells="cells",
        files_to_look_at="Files to look at",
        now="now",
        rows="Rows that differ",
        sheet="sheet",
        row="row",
        more_rows="more rows",
        states={state: state.value for state in State},
        kinds={kind: kind.value for kind in Kind},
        measures={},
    ),
    "ru": Words(
        title="Что изменила бы раскладка",
        layout="раскладка",
        made="составлено",
        files="файлов проверено",
        nothing_changed="Ничего не изменено: ни база, ни папки.",
        held="отложены по причинам, от раскладки не зависящим",
        gone="уже не во входящих; их строки остаются как есть",
        by_month="По месяцам",
        same_months="месяцев останутся прежними до ячейки",
        all_same="Все файлы останутся прежними до ячейки.",
        month="месяц",
        what="показатель",
        before="сейчас",
        after="станет",
        difference="разница",
        by_column="Ячейки, которые изменятся, по колонкам",
        column="колонка",
        cells="ячеек",
        files_to_look_at="На какие файлы посмотреть",
        now="сейчас",
        rows="Строки, которые изменятся",
        sheet="лист",
        row="строка",
        more_rows="строк ещё",
        states={
            State.SAME: "без изменений",
            State.DIFFERS: "изменятся",
            State.WOULD_FAIL: "перестанет читаться",
            State.WOULD_LOAD: "начнёт загружаться",
            State.STILL_FAILS: "по-прежнему не читается",
        },
        kinds={Kind.APPEARS: "появится", Kind.DISAPPEARS: "исчезнет", Kind.CHANGES: "изменится"},
        measures={
            "rows read": "строк прочитано",
            "rows loaded": "строк загружено",
            "left out: ": "не взято: ",
            "rejected: ": "отклонено: ",
            "sum of ": "сумма ",
            "rows that appear": "строк появится",
            "rows that disappear": "строк исчезнет",
            "rows that change": "строк изменится",
        },
    ),
}
