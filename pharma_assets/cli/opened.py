"""The platform as a command needs it: settings read, database ready."""

# ruff: noqa: PLC0415 - `--help` must stay fast

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pharma_assets.loading.platform import Platform


@contextmanager
def opened_platform() -> Iterator[Platform]:
    """The platform over the settings of this process. Raises PharmaError where it cannot work."""
    from pharma_assets.instance import prepare
    from pharma_assets.loading.platform import open_platform
    from pharma_assets.settings import load_settings

    settings = load_settings()
    prepare(settings)
    with open_platform(settings) as platform:
        yield platform
