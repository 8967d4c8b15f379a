"""YAML as it is written: each value with its line, an instant as its text, and no key twice.

YAML 1.1 makes a number in base sixty of 14:24 and a time of an instant; here both stay the text that somebody wrote.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

# Where a value stands: names of fields and numbers of items from the top.
Place = tuple[str | int, ...]


class MarkedYamlError(ValueError):
    """The text is no YAML, or says the same thing twice."""

    def __init__(self, code: str, message: str, line: int) -> None:
        super().__init__(message)
        self.code, self.message, self.line = code, message, line


@dataclass(frozen=True, slots=True)
class Marked:
    """What a file holds."""

    value: Any
    lines: Mapping[Place, int]
    """Line of each value, counted from 1."""

    def line_of(self, place: Place) -> int:
        """The line of a place, or of the nearest around it that is written; parts that name no place are passed over."""
        written: Place = ()
        for part in place:
            if (*written, part) in self.lines:
                written = (*written, part)
        return self.lines.get(written, 1)


class _AsWritten(yaml.SafeLoader):
    """Leaves instants and clock times as text."""


_KEPT_AS_TEXT = {"tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:int"}
_AsWritten.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag not in _KEPT_AS_TEXT]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_AsWritten.add_implicit_resolver(
    "tag:yaml.org,2002:int", re.compile(r"^[-+]?(0|[1-9][0-9]*)$"), list("-+0123456789")
)


def read_marked(text: str) -> Marked:
    """The one document of the text. Raises MarkedYamlError with the line."""
    try:
        return _read(_AsWritten(text))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = 1
        if mark is not None:
            line = mark.line + 1
        raise MarkedYamlError("yaml-invalid", f"it is not YAML: {error.problem}", line) from error
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise MarkedYamlError(
            "yaml-invalid", f"it has a character that YAML does not allow: {error.reason}", line
        ) from error


def _read(loader: _AsWritten) -> Marked:
    try:
        root = loader.get_single_node()
        if root is None:
            raise MarkedYamlError("file-empty", "there is nothing in it", 1)
        lines = dict(_lines(root, (), frozenset()))
        return Marked(loader.construct_document(root), lines)
    finally:
        loader.dispose()


def _lines(node: Node, place: Place, around: frozenset[int]) -> Iterator[tuple[Place, int]]:
    if id(node) in around:
        raise MarkedYamlError("yaml-invalid", "it holds itself by an alias", _line(node))
    yield place, _line(node)
    inside = around | {id(node)}
    if isinstance(node, MappingNode):
        written: set[str] = set()
        for key, value in node.value:
            name = "?"
            if isinstance(key, ScalarNode):
                name = str(key.value)
            if name in written:
                raise MarkedYamlError("key-twice", f"`{name}` stands twice", _line(key))
            written.add(name)
            yield from _lines(value, (*place, name), inside)
            # a field is where its name stands, not where a long value begins
            yield (*place, name), _line(key)
    elif isinstance(node, SequenceNode):
        for number, item in enumerate(node.value):
            yield from _lines(item, (*place, number), inside)


def _line(node: Node) -> int:
    return int(node.start_mark.line) + 1
