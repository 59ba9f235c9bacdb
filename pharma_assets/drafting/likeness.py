"""How well the look of a column's cells fits each role: the evidence of values, beside that of names."""

from __future__ import annotations

from pharma_assets.drafting.profiles import Profile
from pharma_assets.drafting.roles import MOMENTS, NONE, NUMERIC, ROLES
from pharma_assets.drafting.vocabulary import vocabulary

IMPOSSIBLE = -4.0
"""The look of a column that cannot be what the role needs: text where amounts are, names where dates are."""

_ENOUGH = 0.5


def value_scores(column: Profile) -> dict[str, float]:
    """For every role, how well the column's cells fit it: around -1 to 1, IMPOSSIBLE where they cannot be that."""
    return {role: _score(column, role) for role in (*ROLES, NONE)}


def _score(column: Profile, role: str) -> float:
    if not column.rows or not column.filled:
        # A blank column says nothing, and nothing is lost if it is left alone.
        return 0.0 if role == NONE else -0.5
    if _cannot_be(column, role):
        return IMPOSSIBLE
    looks = vocabulary().looks.get(role, {}).items()
    score = sum(absent + (present - absent) * column.share(look) for look, (present, absent) in looks)
    if role in NUMERIC:
        score += 0.4
    if role in MOMENTS:
        score += 0.4
    if role in ("market", "client_type", "supplier_filial", "client_region"):
        score += 0.3 if _repeats_much(column) else -0.5
    return score


def _cannot_be(column: Profile, role: str) -> bool:
    if role in MOMENTS:
        return column.share("date") + column.share("serial") < _ENOUGH
    if role in NUMERIC:
        return column.share("number") < _ENOUGH or (
            column.share("date") > _ENOUGH and column.share("typed_number") == 0
        )
    return role != NONE and column.share("date") > _ENOUGH and column.share("number") < _ENOUGH


def _repeats_much(column: Profile) -> bool:
    return column.distinct <= max(3, column.rows * column.filled / 3)
