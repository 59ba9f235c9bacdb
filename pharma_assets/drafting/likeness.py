"""How well the look of a column's cells fits each role: the evidence of values, beside that of names."""

from __future__ import annotations

from collections.abc import Mapping

from pharma_assets.drafting.profiles import Profile
from pharma_assets.drafting.roles import AMOUNT, MOMENTS, NONE, NUMBER, NUMERIC, ROLES

IMPOSSIBLE = -4.0
"""The look of a column that cannot be what the role needs: text where amounts are, names where dates are."""

_ENOUGH = 0.5

# role → look → (what it is worth where all texts look so, where none does).
_LOOKS: Mapping[str, Mapping[str, tuple[float, float]]] = {
    "period": {"one_month": (0.4, -0.2)},
    "date_godnost": {"one_month": (-0.8, 0.5)},
    NUMBER: {"code": (0.3, -0.3), "product": (-0.5, 0), "inn": (-1, 0), "waybill": (-1.2, 0), "name": (-0.6, 0)},
    "naklad": {"waybill": (1, -0.7)},
    "client_inlaw": {"legal_forms": (0.7, -0.3), "person": (0.4, 0), "street": (-0.2, 0), "product": (-0.6, 0), "inn": (-1, 0),
                     "region": (-0.4, 0), "town": (-0.2, 0), "flag": (-1, 0)},
    "client_name": {"legal_forms": (0.1, 0), "product": (-0.6, 0), "inn": (-1, 0), "region": (-0.4, 0), "flag": (-1, 0),
                    "several_words": (0.2, -0.1)},
    "client_brend": {"product": (-0.6, 0), "name": (0.2, 0), "inn": (-1, 0), "flag": (-1, 0), "street": (-0.3, 0)},
    "client_inn": {"inn": (1.4, -0.8), "inn_kpp": (1.4, 0)},
    "client_adress": {"street": (0.8, -0.3), "house": (0.4, -0.1), "product": (-0.6, 0), "legal_forms": (-0.2, 0), "flag": (-1, 0)},
    "client_region": {"region": (0.8, -0.4), "digits": (-0.4, 0.1), "product": (-0.6, 0), "street": (-0.4, 0), "flag": (-1, 0)},
    "client_city": {"town": (0.8, -0.2), "digits": (-0.5, 0.1), "name": (0.2, -0.2), "region": (-0.3, 0), "product": (-0.6, 0),
                    "street": (-0.4, 0), "flag": (-1, 0)},
    "client_id_ish": {"code": (0.4, -0.6), "inn": (-1, 0), "barcode": (-0.5, 0), "product": (-0.4, 0), "row_number": (-1, 0),
                      "constant": (-0.5, 0), "kpp": (-0.3, 0), "phone": (-0.5, 0)},
    "client_type": {"name": (0.2, -0.3), "product": (-0.6, 0), "legal_forms": (-0.2, 0)},
    "tms": {"product": (0.9, -0.4), "several_words": (0.1, -0.2), "inn": (-1, 0), "street": (-0.3, 0), "code": (-0.5, 0)},
    "tms_id_ish": {"code": (0.4, -0.6), "inn": (-1, 0), "barcode": (-0.3, 0), "product": (-0.4, 0), "row_number": (-1, 0),
                   "constant": (-0.3, 0), "phone": (-0.5, 0)},
    "mnf": {"makers": (0.5, -0.1), "product": (-0.6, 0), "inn": (-1, 0), "street": (-0.4, 0), "digits": (-0.2, 0), "flag": (-1, 0)},
    "supplier_filial": {"product": (-0.6, 0), "inn": (-1, 0), "street": (-0.2, 0), "flag": (-1, 0)},
    "supplier_name": {"constant": (0.6, -0.5), "legal_forms": (0.1, 0), "inn": (-1, 0), "product": (-0.8, 0)},
    "supplier_inn": {"inn": (0.5, -1), "constant": (0.7, -0.8)},
    "supplier_adress": {"street": (0.6, -0.4)},
    "supplier_id": {"code": (0.2, -0.5), "constant": (0.5, -0.5)},
    "market": {"flag": (0.5, 0), "product": (-0.6, 0), "code": (-0.4, 0), "several_words": (-0.1, 0)},
    AMOUNT: {"integer": (0.3, -0.3), "cents": (-0.4, 0), "inn": (-1.5, 0), "barcode": (-1.5, 0), "row_number": (-1, 0), "year": (-0.4, 0)},
    "sum_nds": {"cents": (0.3, -0.1), "inn": (-1.5, 0), "barcode": (-1.5, 0), "row_number": (-1, 0)},
    "sum_no_nds": {"cents": (0.3, -0.1), "inn": (-1.5, 0), "barcode": (-1.5, 0), "row_number": (-1, 0)},
    NONE: {"barcode": (0.6, 0), "kpp": (0.4, 0), "percent": (0.8, 0), "phone": (0.5, 0), "row_number": (0.8, 0), "units": (0.6, 0),
           "months": (0.8, 0), "year": (0.3, 0), "index": (0.2, 0)},
}  # fmt: skip


def value_scores(column: Profile) -> dict[str, float]:
    """For every role, how well the column's cells fit it: around -1 to 1, IMPOSSIBLE where they cannot be that."""
    return {role: _score(column, role) for role in (*ROLES, NONE)}


def _score(column: Profile, role: str) -> float:
    if not column.rows or not column.filled:
        # A blank column says nothing, and nothing is lost if it is left alone.
        return 0.0 if role == NONE else -0.5
    if _cannot_be(column, role):
        return IMPOSSIBLE
    looks = _LOOKS.get(role, {}).items()
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
        return column.share("number") < _ENOUGH or (column.share("date") > _ENOUGH and column.share("typed_number") == 0)
    return role != NONE and column.share("date") > _ENOUGH and column.share("number") < _ENOUGH


def _repeats_much(column: Profile) -> bool:
    return column.distinct <= max(3, column.rows * column.filled / 3)
