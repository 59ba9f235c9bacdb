"""Which column gets which role, so that the sum of the scores is the highest and no role is given twice."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Scores = npt.NDArray[np.float64]


def assign(scores: Scores) -> list[int]:
    """For each row the column that it gets, each column once; there must be as many columns as rows at least.

    The Hungarian method with potentials, row by row: exact, and instant for the few columns that a report has.
    """
    rows, columns = scores.shape
    costs = -scores
    row_potential, column_potential = np.zeros(rows + 1), np.zeros(columns + 1)
    owner = np.zeros(columns + 1, dtype=np.int64)
    for row in range(1, rows + 1):
        owner[0] = row
        least = np.full(columns + 1, np.inf)
        came_from = np.zeros(columns + 1, dtype=np.int64)
        done = np.zeros(columns + 1, dtype=np.bool_)
        at = 0
        while owner[at]:
            done[at] = True
            current = int(owner[at])
            reduced = costs[current - 1] - row_potential[current] - column_potential[1:]
            better = ~done[1:] & (reduced < least[1:])
            least[1:][better] = reduced[better]
            came_from[1:][better] = at
            following = int(np.argmin(np.where(done, np.inf, least)[1:])) + 1
            step = least[following]
            row_potential[owner[done]] += step
            column_potential[done] -= step
            least[~done] -= step
            at = following
        while at:
            owner[at] = owner[came_from[at]]
            at = int(came_from[at])
    taken = [0] * rows
    for column in range(1, columns + 1):
        if owner[column]:
            taken[owner[column] - 1] = column - 1
    return taken
