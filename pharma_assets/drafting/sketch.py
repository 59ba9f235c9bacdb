"""A draft as the data of a `layout.yaml`: what each column's rule is, and what is remarked beside it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import yaml

from pharma_assets.drafting.draft import Draft, DraftColumn
from pharma_assets.drafting.roles import AMOUNT, NONE, NUMBER
from pharma_assets.drafting.vocabulary import vocabulary
from pharma_assets.drafting.words import read_header, words

FIRST_ROWS = 40
"""Within so many rows the engine looks for a header by itself."""

_FILLED = ("period", AMOUNT, "tms")
_FULL = 0.97
_OTHERWISE = "Коммерция"
_LABELS = {"tender": "Тендер", "online": "Интернет"}
_NUMBER_OF_TYPE = re.compile(r"([1-5])\D*$")

Rule = Mapping[str, Any]


@dataclass(frozen=True)
class About:
    """What a file does not say of itself: whose it is, and which report."""

    supplier: str
    report_type: str


@dataclass(frozen=True)
class Sketch:
    """The data of a layout, and remarks: on the whole, on its keys, and on columns by their header."""

    data: Mapping[str, Any]
    head: tuple[str, ...] = ()
    key_remarks: Mapping[str, str] = field(default_factory=dict)
    column_remarks: Mapping[str, str] = field(default_factory=dict)

    def with_key(self, key: str, value: object, remark: str) -> Sketch:
        """The sketch with another value for a key, and why."""
        return replace(self, data={**self.data, key: value}, key_remarks={**self.key_remarks, key: remark})

    def with_rule(self, header: str, remark: str, **changes: object) -> Sketch:
        """The sketch with another rule for a column, and why; None takes a key out."""
        rule = {**self.data["columns"][header], **changes}
        columns = {**self.data["columns"], header: {key: value for key, value in rule.items() if value is not None}}
        remarks = {**self.column_remarks, header: "; ".join(filter(None, (self.column_remarks.get(header), remark)))}
        return replace(self, data={**self.data, "columns": columns}, column_remarks=remarks)

    def text(self) -> str:
        """The YAML, in the style of the layouts that people write."""
        lines = [f"# {line}" for line in self.head]
        for key, value in self.data.items():
            remark = _remark(self.key_remarks.get(key))
            if key == "columns":
                lines += ["", "columns:", *(self._column(header, rule) for header, rule in value.items()), ""]
            elif key == "left_out":
                lines += ["", f"{key}:{remark}", *(f"  - {_flow(rule)}" for rule in value)]
            elif key == "constants":
                lines += [f"{key}:", *(f"  {name}: {_flow(text)}" for name, text in value.items())]
            else:
                lines.append(f"{key}: {_flow(value)}{remark}")
        return re.sub("\n{3,}", "\n\n", "\n".join(lines)).rstrip("\n") + "\n"

    def _column(self, header: str, rule: Rule) -> str:
        short = rule["to"] if set(rule) == {"to"} and rule["to"] is not None else rule
        return f"  {_flow(header)}: {_flow(short)}{_remark(self.column_remarks.get(header))}"


def sketch(draft: Draft, about: About) -> Sketch:
    """The layout that a draft means, as far as the columns alone say."""
    named = [column for column in draft.columns if not column.repeated]
    amount = f"amount_type_{found[1]}" if (found := _NUMBER_OF_TYPE.search(about.report_type)) else "amount_type_1"
    data: dict[str, Any] = {
        "supplier": about.supplier,
        "report_types": [about.report_type],
        "delivery": "increment",
    }
    if not draft.visible:
        data["sheet"] = draft.sheet
    if draft.row > FIRST_ROWS:
        data["header_within"] = min(100, draft.row + 10)
    if draft.of_role("supplier_name") is None:
        data["constants"] = {"supplier_name": about.supplier}
    data["columns"] = {column.header: _rule(column, amount) for column in named}
    number, period = draft.of_role(NUMBER), draft.of_role("period")
    remarks = {column.header: remark for column in named if (remark := _doubt(column))}
    if number is not None and period is not None and draft.of_role("naklad") is None:
        data["waybill"] = {"number": number.header, "date": period.header}
        data["columns"][number.header] = {"to": None}
    return Sketch(data, _head(draft, about), {}, remarks)


def _rule(column: DraftColumn, amount: str) -> dict[str, Any]:
    if column.role in (NONE, NUMBER):
        return {"to": None, "required": False}
    rule: dict[str, Any] = {"to": amount if column.role == AMOUNT else column.role}
    if column.role == "supplier_inn":
        rule["parse"] = "inn"
    if column.role == "market" and column.profile.share("flag"):
        rule["lookup"] = _lookup(column)
    if column.role in _FILLED and column.profile.filled >= _FULL:
        rule["filled"] = True
    return rule


def _lookup(column: DraftColumn) -> dict[str, Any]:
    """What yes means is what the header asks."""
    concepts = read_header(column.header).concepts
    label = next((text for concept, text in _LABELS.items() if concept in concepts), column.header)
    if words(column.header)[-2:] == ("аптека", "ру"):
        label = "Аптека.ру"
    said = set(vocabulary().values["said"])
    yes = sorted({text.casefold() for text in column.profile.samples if text.casefold() in said}) or ["да"]
    return {"values": dict.fromkeys(yes, label), "otherwise": _OTHERWISE, "blank": _OTHERWISE}


def _doubt(column: DraftColumn) -> str:
    """What a person should know who has not looked at the column yet."""
    guessed = (
        "lookup: what yes and no mean is a guess" if column.role == "market" and column.profile.share("flag") else ""
    )
    if column.sure:
        return guessed
    others = ", ".join(f"{role} {share:.2f}" for role, share in column.rivals)
    doubt = f"doubt: {column.confidence:.2f}" + (f", could be {others}" if others else "")
    return "; ".join(filter(None, (doubt, guessed)))


def _head(draft: Draft, about: About) -> tuple[str, ...]:
    lines = [
        f"{about.supplier}: header in row {draft.row} of {draft.sheet}. Drafted from a sample: look at every doubt."
    ]
    repeated = [f"{column.letter} {column.header}" for column in draft.columns if column.repeated]
    if repeated:
        lines.append(
            f"Headers that stand more than once cannot be mapped, their cells go to extra: {', '.join(repeated)}."
        )
    if draft.nameless:
        lines.append(f"Columns without a header go to extra: {', '.join(draft.nameless)}.")
    if draft.other_sheets:
        lines.append(f"Other sheets have a header too: {', '.join(draft.other_sheets)}.")
    return tuple(" ".join(line.split()) for line in lines)


def _remark(text: str | None) -> str:
    return f"  # {' '.join(text.split())}" if text else ""


def _flow(value: object) -> str:
    """A value as YAML in one line."""
    written = yaml.safe_dump(value, allow_unicode=True, default_flow_style=True, sort_keys=False, width=float("inf"))
    return written.removesuffix("\n...\n").rstrip("\n")
