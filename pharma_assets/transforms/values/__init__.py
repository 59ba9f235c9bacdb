"""What one cell says: text and kind in, exact value out, or a `CellProblem`.

The modules named for what they read (`amounts`, `dates`, `identifiers`) hold the careful scalar parsers, which are
called once for each distinct cell that is not plain; `plain` reads the plain forms of whole columns and gives the same.
"""

from __future__ import annotations

from pharma_assets.errors import told


class CellProblem(Exception):
    """A cell that cannot be stored as what its column is; `code` is a row-scoped code of the catalogue."""

    def __init__(self, code: str, **facts: object) -> None:
        self.code = code
        self.facts = facts
        self.message = told(code, facts).message
        super().__init__(f"{code}: {self.message}")
