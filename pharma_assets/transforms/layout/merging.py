"""Laying overrides over a layout: what a report type or a version says differently (plain YAML values in and out)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pharma_assets.transforms.header_text import normalize_header

Raw = Mapping[str, Any]


class MergeError(ValueError):
    """An override that takes out what is not there; `place` leads to it within the override."""

    def __init__(self, place: tuple[str, ...]) -> None:
        self.place = place
        super().__init__("null takes out what is not there")


def merged(base: Raw, overrides: Raw) -> dict[str, Any]:
    """The layout that `base` becomes under `overrides`.

    Columns are merged by their header and then by the keys of their rule, BY_KEY by key; anything else replaces what
    was there. `null` takes a column or a key out again, so that its default holds. Raises MergeError.
    """
    result = dict(base)
    for name, value in overrides.items():
        below = result.get(name)
        if value is None:
            result.pop(name, None)
        elif name in _BY_KEY and isinstance(value, Mapping) and isinstance(below, Mapping | None):
            result[name] = _BY_KEY[name](name, below or {}, value)
        else:
            result[name] = value
    return result


def _by_header(name: str, base: Raw, overrides: Raw) -> dict[str, Any]:
    spelt = {normalize_header(header): header for header in base if isinstance(header, str)}
    result = dict(base)
    for header, value in overrides.items():
        key = spelt.get(normalize_header(header), header) if isinstance(header, str) else header
        if value is None:
            _take_out(name, header, key, result)
        else:
            result[key] = _rule(result.get(key), value)
    return result


def _rule(base: object, override: object) -> object:
    below, above = ({"to": rule} if isinstance(rule, str) else rule for rule in (base, override))
    if not isinstance(below, Mapping) or not isinstance(above, Mapping):
        return override
    return {key: value for key, value in {**below, **above}.items() if value is not None or key not in above}


def _by_key(name: str, base: Raw, overrides: Raw) -> dict[str, Any]:
    result = dict(base)
    for key, value in overrides.items():
        if value is None:
            _take_out(name, key, key, result)
        else:
            result[key] = value
    return result


def _take_out(name: str, written: str, key: str, result: dict[str, Any]) -> None:
    if key not in result:
        raise MergeError((name, written))
    del result[key]


_BY_KEY: dict[str, Callable[[str, Raw, Raw], dict[str, Any]]] = {
    "columns": _by_header,
    "constants": _by_key,
    "registry": _by_key,
    "composed": _by_key,
}
