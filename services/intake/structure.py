"""What of an event may be left out: walks the contract's models by the path of a value."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from schemas.envelope import event_models

# Members of objects and places in lists, from the whole event inward.
Path = tuple[str | int, ...]


def core(field: FieldInfo) -> bool:
    """Without it the event would say something else, or nothing."""
    extra = field.json_schema_extra
    marked = isinstance(extra, dict) and extra.get("x-core") is True
    return field.is_required() or marked


def meaning_where_unreadable(kind: str, path: Path) -> Any:
    """What a field is taken to say where it cannot be read; None where it is simply left out."""
    field = _fields(kind, path)[-1]
    if isinstance(field, FieldInfo) and isinstance(field.json_schema_extra, dict):
        return field.json_schema_extra.get("x-where-unreadable")
    return None


def optional_part(kind: str, path: Path) -> Path | None:
    """The smallest part of the event around the path that may be left out; None where the core is
    hurt.
    """
    for end in range(len(path), 0, -1):
        if _may_be_left_out(kind, path[:end]):
            return path[:end]
    return None


def field_name(kind: str, path: Path) -> str:
    """The path in the contract's own words, for a figure that is kept by it: `person.phones`, or
    `unknown`.
    """
    fields = _fields(kind, path)
    words = [str(part) for part in path if not isinstance(part, int)]
    if any(field is None for field in fields) or not words:
        return "unknown"
    if words[0] == "data":
        return ".".join(words[1:]) or "data"
    return ".".join(words)


def _may_be_left_out(kind: str, path: Path) -> bool:
    fields = _fields(kind, path)
    last = fields[-1]
    if isinstance(last, FieldInfo):
        return not core(last)
    if isinstance(path[-1], int):
        return last is _MEMBER
    # a name that the contract does not have; within something whose form it leaves open nothing is
    # left out
    return last is None


# A member of a list that the contract describes.
_MEMBER = object()
# Within something of whose form the contract says nothing.
_OPEN = object()


def _fields(kind: str, path: Path) -> list[Any]:
    """For each step its field, `_MEMBER`, `_OPEN`, or None for a name that the contract does not
    have.
    """
    node: Any = event_models().get(kind)
    steps: list[Any] = []
    for part in path:
        if isinstance(part, int):
            steps.append(_MEMBER if node is not None else _OPEN)
        elif isinstance(node, type) and issubclass(node, BaseModel):
            field = node.model_fields.get(part)
            steps.append(field)
            node = None
            if field is not None:
                node = _model_of(field)
        else:
            steps.append(_OPEN)
    return steps


def _model_of(field: FieldInfo) -> Any:
    annotation: Any = field.annotation
    return _inner(annotation)


@cache
def _inner(annotation: Hashable) -> Any:
    """The model, or the simple type, that the annotation is about, whatever list or option is
    around it.
    """
    origin = get_origin(annotation)
    if origin is Annotated:
        return _inner(get_args(annotation)[0])
    if origin in (Union, UnionType):
        members = [member for member in get_args(annotation) if member is not NoneType]
        return _inner(members[0])
    if origin is tuple:
        return _inner(get_args(annotation)[0])
    if origin is dict:
        return None
    return annotation


def remove(document: Any, paths: Sequence[Path]) -> None:
    """Take the parts out of the document, the last member of a list first, so that the others keep
    their places.
    """
    for path in sorted(set(paths), key=_by_place, reverse=True):
        node = document
        for part in path[:-1]:
            node = node[part]
        del node[path[-1]]


def _by_place(path: Path) -> list[tuple[int, str]]:
    return [(part, "") if isinstance(part, int) else (-1, part) for part in path]
