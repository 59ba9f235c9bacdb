"""What one column says of another: a product's code has one name, a waybill one buyer and one day."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pharma_assets.drafting.profiles import Profile
from pharma_assets.drafting.roles import NUMBER

_SURELY, _HARDLY = 0.95, 0.6
# What a buyer has one of.
_OF_BUYERS = ("client_brend", "client_type", "client_region", "client_city")
_FEWEST_ROWS = 8

Codes = npt.NDArray[np.int64]


def determines(one: Codes, other: Codes) -> float | None:
    """The share of the rows whose `other` is the usual one for their `one`; None where too few repeat to tell."""
    both = (one >= 0) & (other >= 0)
    if both.sum() < _FEWEST_ROWS:
        return None
    _, left = np.unique(one[both], return_inverse=True)
    _, right = np.unique(other[both], return_inverse=True)
    times = np.bincount(left)
    pairs, counts = np.unique(left * (right.max() + 1) + right, return_counts=True)
    usual = np.zeros(len(times), dtype=np.int64)
    np.maximum.at(usual, pairs // (right.max() + 1), counts)
    repeated = times > 1
    if times[repeated].sum() < _FEWEST_ROWS:
        return None
    return float(usual[repeated].sum() / times[repeated].sum())


def relation_scores(column: Profile, taken: dict[str, Profile]) -> dict[str, float]:
    """What the columns that already have their roles say for or against others of this one.

    `taken`: the columns of products, buyers and days, by their role.
    """
    scores: dict[str, float] = {}
    product = taken.get("tms")
    if product is not None and product is not column:
        there, back = determines(column.codes, product.codes), determines(product.codes, column.codes)
        scores["tms_id_ish"] = _verdict(there, 0.4) + _verdict(back, 0.4)
        scores["mnf"] = _verdict(back, 0.4)
    code = taken.get("tms_id_ish")
    if code is not None and code is not column:
        there, back = determines(column.codes, code.codes), determines(code.codes, column.codes)
        scores["tms"] = _verdict(there, 0.5) + _verdict(back, 0.5)
    buyers = [taken[role] for role in ("client_adress", "client_name", "client_inn", "client_inlaw") if role in taken]
    told = [share for buyer in buyers if buyer is not column and (share := determines(column.codes, buyer.codes))]
    if told:
        # A code of an address says all of them; one of a legal entity only the last.
        scores["client_id_ish"] = _verdict(max(told), 0.5) + 0.5 * sum(share >= _SURELY for share in told) / len(told)
    told_by_product = determines(product.codes, column.codes) if product is not None and product is not column else None
    told_by_buyer = [
        share for buyer in buyers if buyer is not column and (share := determines(buyer.codes, column.codes))
    ]
    if told_by_product is not None and told_by_product >= _SURELY and max(told_by_buyer, default=1.0) < _SURELY:
        scores["client_inlaw"] = scores["client_name"] = -0.6
    if told_by_buyer:
        by_product = told_by_product is not None and told_by_product >= _SURELY
        for role in _OF_BUYERS:
            scores[role] = _verdict(max(told_by_buyer), 0.3) - (
                0.6 if by_product and max(told_by_buyer) < _SURELY else 0.0
            )
    day = taken.get("period")
    if day is not None and told and day is not column:
        scores[NUMBER] = _verdict(determines(column.codes, day.codes), 0.3) + _verdict(min(told), 0.2)
    return scores


def _verdict(share: float | None, worth: float) -> float:
    if share is None:
        return 0.0
    return worth if share >= _SURELY else -worth if share < _HARDLY else 0.0
