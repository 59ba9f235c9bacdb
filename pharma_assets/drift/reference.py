"""An earlier report of the client, its newest golden example: what its columns looked like, where they stood."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pyarrow as pa

from pharma_assets.drafting.draft import column_profile
from pharma_assets.drafting.profiles import Profile
from pharma_assets.errors import PharmaError
from pharma_assets.reading.hints import Hints
from pharma_assets.reading.sheet import Document
from pharma_assets.transforms.examples import cases, inputs
from pharma_assets.transforms.headers import Located, locate
from pharma_assets.transforms.layout import Layout

_MOST_TRIED = 3

ReadExample = Callable[[bytes, Hints], Document]


@dataclass(frozen=True, eq=False)
class Reference:
    """An earlier report: where its header stood, and its columns by the layout's headers."""

    located: Located

    @property
    def places(self) -> Mapping[str, int]:
        """The column of each of the layout's headers that was there."""
        return self.located.places

    @property
    def order(self) -> tuple[str, ...]:
        """The layout's headers from left to right."""
        return tuple(sorted(self.places, key=lambda header: self.places[header]))

    @cached_property
    def _profiles(self) -> dict[str, Profile]:
        return {}

    def profile(self, header: str) -> Profile:
        """What the column of a layout's header looked like."""
        if header not in self._profiles:
            first = self.located.last_index + 1
            self._profiles[header] = column_profile(self.located.sheet, self.places[header], first)
        return self._profiles[header]

    def texts(self, header: str) -> pa.Array:
        """The cells of a layout's header."""
        return self.located.sheet.columns[self.places[header]].slice(self.located.last_index + 1)


def reference_of(folder: Path, layout: Layout, read: ReadExample) -> Reference | None:
    """The newest example, by its name, that the layout finds its header in; None where there is none.

    `folder`: the client's, with its layout. `read`: how bytes become a document.
    """
    for case in list(reversed(cases(folder)))[:_MOST_TRIED]:
        for file in inputs(case)[:1]:
            try:
                document = read(file.read_bytes(), Hints(headers=layout.known_headers))
                return Reference(locate(document, layout)[0])
            except (PharmaError, OSError):
                continue
    return None
