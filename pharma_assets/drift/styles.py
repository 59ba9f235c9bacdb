"""How a column's values are written, as far as a change matters: the style of days, the decimal mark, cut codes."""

from __future__ import annotations

import re
from collections.abc import Callable

from pharma_assets.drafting.profiles import Profile
from pharma_assets.errors import PharmaError
from pharma_assets.transforms.layout import ColumnRule, Parse

_RUNS = re.compile("9+")
_MARK = re.compile(r"([.,])[0-9]{1,2}$")
_MOSTLY = 0.5
_ZEROS = 0.05


def style_change(header: str, rule: ColumnRule, before: Profile, now: Profile) -> PharmaError | None:
    """DATES_RESTYLED, AMOUNTS_RESTYLED or CODES_CUT where a column's cells are written otherwise than before."""
    if not before.filled or not now.filled:
        return None
    if rule.parse is Parse.DATE:
        return _changed("DATES_RESTYLED", header, before, now, _of_days)
    if rule.parse is Parse.AMOUNT:
        return _changed("AMOUNTS_RESTYLED", header, before, now, _of_amounts)
    return _cut_codes(header, before, now)


def _changed(
    code: str, header: str, before: Profile, now: Profile, style: Callable[[Profile], str]
) -> PharmaError | None:
    was, becomes = style(before), style(now)
    if not was or not becomes or was == becomes:
        return None
    return PharmaError(code, column=header, before=before.samples[0], now=now.samples[0])


def _of_days(column: Profile) -> str:
    if column.share("serial") >= _MOSTLY:
        return "serial"
    # `1.6.2025` and `01.06.2025` are the same style, `01.06.25` is another.
    return _RUNS.sub(lambda run: "9" if len(run[0]) <= 2 else run[0], column.shapes[0]) if column.shapes else ""


def _of_amounts(column: Profile) -> str:
    if column.share("typed_number") >= _MOSTLY:
        return "numbers"
    marks = {found[1] for text in column.texts if (found := _MARK.search(text.strip()))}
    # Whole numbers as text show no mark, and so no change of it.
    return f"text with {marks.pop()}" if len(marks) == 1 else ""


def _cut_codes(header: str, before: Profile, now: Profile) -> PharmaError | None:
    """Codes that began with a zero and no longer do, because somebody's program took them for numbers."""
    if before.share("code") < _MOSTLY or before.share("digits") < _MOSTLY or before.distinct < 3:
        return None
    if _leading_zeros(before) >= _ZEROS and _leading_zeros(now) == 0 and now.share("digits") >= _MOSTLY:
        example = next(text for text in before.texts if text.startswith("0"))
        return PharmaError("CODES_CUT", column=header, before=example, now=now.samples[0])
    return None


def _leading_zeros(column: Profile) -> float:
    zeros = sum(text.startswith("0") and len(text) > 1 and text.isdigit() for text in column.texts)
    return zeros / len(column.texts) if column.texts else 0.0
