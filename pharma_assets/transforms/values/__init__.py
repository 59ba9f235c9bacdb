"""What one cell says: text and kind in, exact value out, or a `CellProblem`. Plain scalar functions, called once for
each distinct cell of a column."""

from __future__ import annotations

from pharma_assets.errors import CATALOGUE


class CellProblem(Exception):
    """A cell that cannot be stored as what its column is; `code` is a row-scoped code of the catalogue."""

    def __init__(self, code: str, **facts: object) -> None:
        self.code = code
        self.message = CATALOGUE[code].message.format(**facts)
        super().__init__(f"{code}: {self.message}")
