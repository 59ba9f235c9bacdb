"""The text of a `layout.yaml`: reading it, and finding the line of something in it."""

from __future__ import annotations

from collections.abc import Sequence

import yaml

Place = Sequence[str | int]


def read_yaml(content: bytes) -> object:
    """The document. Raises ValueError if it is no YAML, or a key stands twice."""
    try:
        return yaml.load(content, Loader=_UniqueKeys)  # noqa: S506 - a SafeLoader that also refuses repeated keys
    except yaml.YAMLError as error:
        raise ValueError(f"not YAML: {error}") from error


def line_of(content: bytes, place: Place) -> int:
    """The line, from 1, on which something stands, given by the keys and indices that lead to it; where a part of the
    way is missing, the line of what is there."""
    node = yaml.compose(content, Loader=yaml.CSafeLoader)
    line = 0
    for step in place:
        if isinstance(node, yaml.MappingNode):
            found = next((pair for pair in node.value if pair[0].value == str(step)), None)
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            found = (node.value[step], node.value[step])
        else:
            found = None
        if found is None:
            break
        line = found[0].start_mark.line
        node = found[1]
    return line + 1


class _UniqueKeys(yaml.CSafeLoader):
    """YAML takes the last of two equal keys without a word; a layout must not lose a column that way."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[object, object]:
        seen: set[object] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} stands twice", key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep=deep)
