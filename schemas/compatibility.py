"""What would break if a schema became another one: is every event that the elder accepts accepted
by the newer?

`python -m schemas.compatibility OLD [NEW]` compares two folders of schemas (NEW: the one of today)
and exits 1 when something breaks. The answer is on the safe side: a change that is not understood
is reported, a change of meaning is not seen, but for a default that is another one.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Schema = Mapping[str, Any] | bool

ANNOTATIONS = {
    "$schema",
    "$id",
    "$defs",
    "$comment",
    "title",
    "description",
    "default",
    "examples",
    "deprecated",
    # how the door treats what cannot be read; it refuses nothing that a schema accepts
    "x-core",
    "x-where-unreadable",
}
AT_MOST = {"maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"}
AT_LEAST = {"minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"}
UNDERSTOOD = {
    *ANNOTATIONS,
    *AT_MOST,
    *AT_LEAST,
    "type",
    "enum",
    "const",
    "properties",
    "required",
    "additionalProperties",
    "items",
    "prefixItems",
    "anyOf",
    "$ref",
}
_TYPE_OF = {
    str: "string",
    bool: "boolean",
    int: "integer",
    float: "number",
    type(None): "null",
    list: "array",
    dict: "object",
}
ANYTHING: Mapping[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Breaking:
    """One reason why an event that was valid is no longer. `pointer` is a place in the event;
    `*` any member of a list.
    """

    pointer: str
    code: str
    message: str


def breaking_changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Breaking]:
    """Everything that breaks BACKWARD compatibility, in the order of the elder schema. Each
    schema is a whole document.
    """
    return list(_Comparison(old, new).schemas("", old, new))


class _Comparison:
    """Two documents, in which references are looked up. The pairs under comparison end a circle
    of references.
    """

    def __init__(self, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
        self._old, self._new = old, new
        self._under_way: set[tuple[str, str]] = set()

    def schemas(self, at: str, old: Schema, new: Schema) -> Iterator[Breaking]:
        """What breaks between two schemas of the same place."""
        if new is True or new == ANYTHING or old is False:
            return
        if new is False:
            yield Breaking(at, "refused", "nothing is accepted here any longer")
            return
        elder: Mapping[str, Any] = ANYTHING
        if not isinstance(old, bool):
            elder = old
        names = (elder.get("$ref", ""), new.get("$ref", ""))
        if names in self._under_way:
            return
        if all(names):
            self._under_way.add(names)
        yield from self._resolved(at, _resolve(elder, self._old), _resolve(new, self._new))
        self._under_way.discard(names)

    def _resolved(
        self, at: str, old: Mapping[str, Any], new: Mapping[str, Any]
    ) -> Iterator[Breaking]:
        if "anyOf" in old or "anyOf" in new:
            yield from self._any_of(at, old, new)
            return
        yield from _types(at, old, new)
        yield from _values(at, old, new)
        yield from _limits(at, old, new)
        yield from self._object(at, old, new)
        yield from self._list(at, old, new)
        for keyword in sorted(set(new) - UNDERSTOOD):
            # the same text may mean another thing, where it refers to something
            if old.get(keyword) != new[keyword] or "$ref" in json.dumps(new[keyword]):
                yield Breaking(
                    at,
                    f"{_kebab(keyword)}-changed",
                    f"`{keyword}` is another one, and may refuse more",
                )

    def _any_of(
        self, at: str, old: Mapping[str, Any], new: Mapping[str, Any]
    ) -> Iterator[Breaking]:
        """Each alternative of the elder must be accepted by one of the newer."""
        alternatives = _alternatives(new)
        for alternative in _alternatives(old):
            answers = [list(self.schemas(at, alternative, other)) for other in alternatives]
            if all(answers):
                yield from min(
                    answers,
                    key=lambda answer: (
                        any(breaking.code == "type-narrowed" for breaking in answer),
                        len(answer),
                    ),
                )

    def _list(self, at: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Breaking]:
        first_before, first_after = old.get("prefixItems", []), new.get("prefixItems", [])
        rest_before, rest_after = old.get("items", True), new.get("items", True)
        for index in range(max(len(first_before), len(first_after))):
            before = _member(first_before, index, rest_before)
            after = _member(first_after, index, rest_after)
            yield from self.schemas(f"{at}/{index}", before, after)
        yield from self.schemas(f"{at}/*", rest_before, rest_after)

    def _object(
        self, at: str, old: Mapping[str, Any], new: Mapping[str, Any]
    ) -> Iterator[Breaking]:
        before, after = old.get("properties", {}), new.get("properties", {})
        others_before, others_after = (
            old.get("additionalProperties", True),
            new.get("additionalProperties", True),
        )
        required = set(old.get("required", ()))
        for name in before:
            place = f"{at}/{name.replace('~', '~0').replace('/', '~1')}"
            if name not in after:
                yield Breaking(place, "field-removed", "the field is not there any longer")
                continue
            yield from self.schemas(place, before[name], after[name])
            yield from _default(place, before[name], after[name], name in required)
        for name in set(after) - set(before) if others_before is not False else ():
            yield from self.schemas(f"{at}/{name}", others_before, after[name])
        for name in new.get("required", ()):
            if name not in required:
                yield Breaking(f"{at}/{name}", "field-required", "the field must now be there")
        if others_before is not False:
            if others_after is False:
                yield Breaking(at, "closed", "fields that the schema does not name are now refused")
            else:
                yield from self.schemas(f"{at}/*", others_before, others_after)


def _member(first: list[Schema], index: int, rest: Schema) -> Schema:
    if index < len(first):
        return first[index]
    return rest


def _resolve(schema: Mapping[str, Any], document: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema with its reference followed. Raises ValueError for a reference that leads back
    to itself.
    """
    for _ in range(len(document.get("$defs", ())) + 2):
        if "$ref" not in schema:
            return schema
        node: Any = document
        for part in schema["$ref"].removeprefix("#/").split("/"):
            node = node[part]
        schema = _both(node, {k: v for k, v in schema.items() if k != "$ref"})
    raise ValueError(f"{schema['$ref']} leads back to itself")


def _alternatives(schema: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    if "anyOf" not in schema:
        return [schema]
    beside = {
        keyword: value
        for keyword, value in schema.items()
        if keyword not in ANNOTATIONS | {"anyOf"}
    }
    return [_both(beside, alternative) for alternative in schema["anyOf"]]


def _both(one: Mapping[str, Any], other: Mapping[str, Any]) -> Mapping[str, Any]:
    """A schema that asks what both ask. Raises ValueError where both ask in the same keyword:
    that is not understood.
    """
    if twice := set(one) & set(other) - ANNOTATIONS:
        raise ValueError(f"{', '.join(sorted(twice))} stands in a schema and beside it")
    return {**one, **other}


def _types(at: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Breaking]:
    if "type" not in new:
        return
    before, after = _set_of(old.get("type")), _set_of(new["type"])
    values = _allowed(old)
    if not before and values is not None:
        before = {_TYPE_OF[type(value)] for value in values}
    if "number" in after:
        after |= {"integer"}
    if not before or not before <= after:
        lost = ", ".join(sorted(before - after)) or "everything else"
        yield Breaking(
            at, "type-narrowed", f"it must be {' or '.join(sorted(after))}; {lost} was accepted"
        )


def _values(at: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Breaking]:
    before, after = _allowed(old), _allowed(new)
    if after is None:
        return
    if before is None:
        yield Breaking(at, "enum-narrowed", "only certain values are accepted now")
    elif lost := [
        text for text in map(json.dumps, before) if text not in set(map(json.dumps, after))
    ]:
        yield Breaking(at, "enum-narrowed", f"no longer accepted: {', '.join(lost)}")


def _limits(at: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Breaking]:
    for keyword in sorted((AT_MOST | AT_LEAST) & set(new)):
        before, after = old.get(keyword), new[keyword]
        if before is None:
            yield Breaking(at, "limit-narrowed", f"`{keyword}` was without limit, is {after}")
        elif _narrower(keyword, before, after):
            yield Breaking(at, "limit-narrowed", f"`{keyword}` was {before}, is {after}")


def _narrower(keyword: str, before: float, after: float) -> bool:
    if keyword in AT_MOST:
        return after < before
    return after > before


def _default(at: str, old: Schema, new: Schema, was_required: bool) -> Iterator[Breaking]:
    if was_required or isinstance(old, bool) or isinstance(new, bool):
        return
    if old.get("default") != new.get("default"):
        message = f"left out it meant {old.get('default')}, means {new.get('default')}"
        yield Breaking(at, "default-changed", message)


def _allowed(schema: Mapping[str, Any]) -> list[Any] | None:
    if "const" in schema:
        return [schema["const"]]
    if "enum" in schema:
        return list(schema["enum"])
    return None


def _set_of(kind: Any) -> set[str]:
    if kind is None:
        return set()
    if isinstance(kind, str):
        return {kind}
    return set(kind)


def _kebab(keyword: str) -> str:
    return re.sub("[A-Z]", lambda capital: f"-{capital[0].lower()}", keyword)


def main(arguments: list[str]) -> int:
    """Compare two folders; 1 when something breaks, 2 when they are not given."""
    if len(arguments) not in {1, 2}:
        print("usage: python -m schemas.compatibility OLD [NEW]")
        return 2
    old, *folders = (Path(argument) for argument in arguments)
    new = folders[0] if folders else Path(__file__).parent / "json"
    count = 0
    for path in sorted(old.glob("*.schema.json")):
        name = path.name.removesuffix(".schema.json")
        if not (new / path.name).exists():
            print(f"{name}: the type is not there any longer")
            count += 1
            continue
        before = json.loads(path.read_text(encoding="utf-8"))
        after = json.loads((new / path.name).read_text(encoding="utf-8"))
        for change in breaking_changes(before, after):
            print(f"{name} {change.pointer or '/'} {change.code}: {change.message}")
            count += 1
    if count:
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
