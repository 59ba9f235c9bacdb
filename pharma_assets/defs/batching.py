"""How many client-months due at once become runs. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import date

from pharma_assets.intake import Request


def is_fresh(request: Request, today: date) -> bool:
    """Whether it is about this month or the last one: what people wait for, before whatever is older."""
    month = request.client_month
    return (today.year - month.year) * 12 + today.month - month.month <= 1


def share_out(requests: Sequence[Request], runs: int, most: int) -> list[list[Request]]:
    """Spread requests over `runs` batches or more, of `most` client-months or fewer, each with about as many files.

    The order within a batch is that of `requests`.
    """
    count = min(len(requests), max(runs, -(-len(requests) // most)))
    batches: list[list[int]] = [[] for _ in range(count)]
    weights = [1 + len(request.file_ids) for request in requests]
    loads = [0] * count
    for number in sorted(range(len(requests)), key=lambda number: -weights[number]):
        lightest = min((batch for batch in range(count) if len(batches[batch]) < most), key=loads.__getitem__)
        batches[lightest].append(number)
        loads[lightest] += weights[number]
    return [[requests[number] for number in sorted(batch)] for batch in batches]


def digest_of(requests: Sequence[Request]) -> str:
    """The same for the same work due."""
    return hashlib.sha256(repr(sorted(request.digest for request in requests)).encode()).hexdigest()[:16]
