"""YAML in which no mapping has a key twice: of two values one would be dropped in silence."""

from __future__ import annotations

from typing import Any

import yaml


class _OneOfEach(yaml.SafeLoader):
    """Refuses a second key of the same name."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """The mapping. Raises yaml.YAMLError naming the key and its line."""
        names: set[str] = set()
        for key, _ in node.value:
            name = str(key.value)
            if name in names:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key `{name}` stands twice; take one out", key.start_mark
                )
            names.add(name)
        return super().construct_mapping(node, deep)


def load(text: str) -> Any:
    """The value. Raises yaml.YAMLError."""
    return yaml.load(text, Loader=_OneOfEach)  # noqa: S506  (a SafeLoader)
