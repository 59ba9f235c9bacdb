"""A patch written into a `layout.yaml` as it stands: every comment, blank line and habit of its author stays."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import yaml

from pharma_assets.drift.compare import Patch
from pharma_assets.errors import PharmaError
from pharma_assets.transforms.catalog import parse_layout
from pharma_assets.transforms.layout import Layout


@dataclass(frozen=True)
class _Edit:
    """Put `text` in place of what stands from `start` to `end`."""

    start: int
    end: int
    text: str


def patched(text: str, patch: Patch) -> str:
    """The layout's text with the patch in it.

    Raises PharmaError PATCH_IMPOSSIBLE where the text is built so that it cannot be placed, or would not be a layout.
    """
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    if not isinstance(root, yaml.MappingNode):
        raise PharmaError("PATCH_IMPOSSIBLE", why="the layout is no mapping")
    edits = [_alias(text, root, header, alias) for header, alias in patch.aliases.items()]
    edits += _additions(text, root, patch.additions)
    for key, value in (("sheet", patch.sheet), ("header_within", patch.header_within)):
        if value is not None:
            edits.append(_key(root, key, _scalar(value)))
    result = text
    for edit in sorted(edits, key=lambda edit: edit.start, reverse=True):
        result = result[: edit.start] + edit.text + result[edit.end :]
    _verify(text, result, patch)
    return result


def difference(before: str, after: str, name: str) -> str:
    """The patch as people read it: a unified diff."""
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), f"a/{name}", f"b/{name}", n=1, lineterm="")
    return "\n".join(lines)


def _verify(before: str, after: str, patch: Patch) -> None:
    """The patched text must be the layout of before with the patch, and nothing else."""
    try:
        old, new = parse_layout(before.encode()), parse_layout(after.encode())
    except ValueError as error:
        raise PharmaError("PATCH_IMPOSSIBLE", why=error) from error
    expected: dict[str, object] = {}
    for header, alias in patch.aliases.items():
        rule = old.columns[header]
        expected[header] = rule.model_copy(update={"aliases": (*rule.aliases, alias)})
    wanted = old.model_copy(update={"columns": {**old.columns, **expected}})
    if _without(new, patch) != _without(wanted, patch):
        raise PharmaError("PATCH_IMPOSSIBLE", why="the text would mean something else")


def _without(layout: Layout, patch: Patch) -> Layout:
    """The layout without what the patch adds beside aliases."""
    columns = {header: rule for header, rule in layout.columns.items() if header not in patch.additions}
    changed: dict[str, object] = {"columns": columns}
    if patch.sheet is not None:
        changed["sheet"] = None
    if patch.header_within is not None:
        changed["header_within"] = 1
    return layout.model_copy(update=changed)


def _entries(node: yaml.Node) -> Iterator[tuple[yaml.ScalarNode, yaml.Node]]:
    if isinstance(node, yaml.MappingNode):
        yield from ((key, value) for key, value in node.value if isinstance(key, yaml.ScalarNode))


def _get(node: yaml.Node, name: str) -> yaml.Node | None:
    return next((value for key, value in _entries(node) if key.value == name), None)


def _column(node: yaml.Node, header: str) -> yaml.Node | None:
    """The rule of a header under any `columns`, the outermost first."""
    columns = _get(node, "columns")
    found = _get(columns, header) if columns is not None else None
    if found is not None:
        return found
    children = [value for _, value in _entries(node)]
    if isinstance(node, yaml.SequenceNode):
        children = list(node.value)
    return next((rule for child in children if (rule := _column(child, header)) is not None), None)


def _alias(text: str, root: yaml.Node, header: str, alias: str) -> _Edit:
    rule = _column(root, header)
    if rule is None:
        raise PharmaError("PATCH_IMPOSSIBLE", why=f"{header} does not stand in the text")
    name = _scalar(alias)
    if isinstance(rule, yaml.ScalarNode):
        written = f"{{to: {_scalar(rule.value)}, aliases: [{name}]}}"
        return _Edit(rule.start_mark.index, rule.end_mark.index, written)
    aliases = _get(rule, "aliases")
    if isinstance(aliases, yaml.SequenceNode):
        if not aliases.flow_style:
            return _line_below(text, aliases, f"- {name}")
        at = aliases.end_mark.index - 1
        return _Edit(at, at, f", {name}" if aliases.value else name)
    if isinstance(rule, yaml.CollectionNode) and rule.flow_style:
        at = rule.end_mark.index - 1
        return _Edit(at, at, f", aliases: [{name}]" if rule.value else f"aliases: [{name}]")
    at = rule.start_mark.index
    return _Edit(at, at, f"aliases: [{name}]\n{' ' * rule.start_mark.column}")


def _line_below(text: str, block: yaml.Node, *lines: str) -> _Edit:
    """Further lines of a block collection, below its last one and what is remarked there."""
    end = text.find("\n", _last_index(block))
    at = len(text) if end < 0 else end + 1
    indent = " " * block.start_mark.column
    return _Edit(at, at, ("\n" if end < 0 else "") + "".join(f"{indent}{line}\n" for line in lines))


def _key(root: yaml.MappingNode, name: str, value: str) -> _Edit:
    """Another value for a key, or the key before `columns`."""
    old = _get(root, name)
    if old is not None:
        return _Edit(old.start_mark.index, old.end_mark.index, value)
    at = next((key.start_mark.index for key, _ in _entries(root) if key.value == "columns"), root.start_mark.index)
    return _Edit(at, at, f"{name}: {value}\n")


def _additions(text: str, root: yaml.Node, additions: Mapping[str, str]) -> list[_Edit]:
    columns = _get(root, "columns")
    if not additions:
        return []
    if not isinstance(columns, yaml.MappingNode) or columns.flow_style or not columns.value:
        raise PharmaError("PATCH_IMPOSSIBLE", why="`columns` is not written a line each")
    lines = (f"{_scalar(header)}: {{to: {target}, required: false}}" for header, target in additions.items())
    return [_line_below(text, columns, *lines)]


def _last_index(node: yaml.Node) -> int:
    """Where the text of a node ends; the end that a block collection itself has is that of the blanks below it."""
    if isinstance(node, yaml.ScalarNode) or getattr(node, "flow_style", False):
        return int(node.end_mark.index)
    values = [value for _, value in node.value] if isinstance(node, yaml.MappingNode) else list(node.value)
    return max(map(_last_index, values), default=int(node.start_mark.index))


def _scalar(value: object) -> str:
    """A value as YAML that may stand in a flow list, too."""
    return yaml.safe_dump([value], allow_unicode=True, default_flow_style=True, width=float("inf")).strip()[1:-1]
