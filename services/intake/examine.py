"""One event in structured-mode JSON: read, freed of what cannot be read, judged. Pure.

Optional parts that cannot be read or are not plausible are taken out, each with a note, and what
remains is read again until nothing is left to say. A fault of the core ends it.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from schemas.envelope import AnyEvent, Event, decode, media_type
from schemas.strict_json import MemberTwice, loads
from services.intake.faults import Fault, fault_of, path_of, pointer_of, slip_of
from services.intake.plausible import Circumstances, Finding, findings
from services.intake.structure import (
    Path,
    field_name,
    meaning_where_unreadable,
    optional_part,
    remove,
)
from services.intake.text import may_hold_unfit, mend_spacing, shown, unfit, unfit_places

# Levels of nesting. No event of the contract has more than eight.
MAX_DEPTH = 32
# Of one event. What has more to be said of it is not read any better for it.
MAX_NOTES = 20
# How often an event is read again. Each round leaves something out; what is not well then is
# refused.
_ROUNDS = 8
_EXTENSION = re.compile(r"[a-z0-9]{1,20}")
_CHARSETS = frozenset({"", "utf-8", "utf8", "us-ascii", "ascii"})
_JSON_TYPES = re.compile(r"application/([a-z0-9.!#$&^_-]+\+)?json|text/json")


@dataclass(frozen=True, slots=True)
class Examined:
    """What became of it: an event, or at least one fault."""

    event: AnyEvent | None
    document: bytes = b""
    faults: tuple[Fault, ...] = ()
    notes: tuple[Fault, ...] = ()
    left_out: tuple[str, ...] = ()


@dataclass(slots=True)
class _Work:
    """An event under examination."""

    tree: dict[str, Any]
    kind: str
    changed: bool = False
    faults: list[Fault] = field(default_factory=list)
    notes: list[Fault] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)

    def leave_out(self, complaints: Iterable[tuple[Path, Fault, bool]]) -> None:
        """Take out the optional part around each complaint; where there is none, it is a fault."""
        places: list[Path] = []
        for path, fault, refuses in complaints:
            part = None if refuses else optional_part(self.kind, path)
            if part is None:
                self.faults.append(fault)
                continue
            self.notes.append(fault)
            self.left_out.append(field_name(self.kind, part))
            places.append(part)
        self._take_out(_outermost(places))

    def shorten(self, path: Path, longest: int, fault: Fault) -> bool:
        """Keep the first members of a list that has too many; whether there is such a list."""
        node: Any = self.tree
        for part in path:
            node = node[part]
        if not isinstance(node, list):
            return False
        del node[longest:]
        self.changed = True
        self.notes.append(fault)
        self.left_out.append(field_name(self.kind, path))
        return True

    def _take_out(self, places: list[Path]) -> None:
        for path in places:
            meaning = meaning_where_unreadable(self.kind, path)
            if meaning is None:
                continue
            node: Any = self.tree
            for part in path[:-1]:
                node = node[part]
            node[path[-1]] = meaning
        self.changed = self.changed or bool(places)
        remove(
            self.tree,
            [path for path in places if meaning_where_unreadable(self.kind, path) is None],
        )


def _outermost(places: list[Path]) -> list[Path]:
    """Without what lies within another of them, or is named twice."""
    documents: list[Path] = []
    for path in sorted(set(places), key=len):
        if not any(path[: len(other)] == other for other in documents):
            documents.append(path)
    return documents


def examine(document: bytes, circumstances: Circumstances) -> Examined:
    """The event in the document, or its faults."""
    deep = too_deep(document)
    if deep is not None:
        return refused(deep)
    try:
        tree = loads(document)
    except (ValueError, RecursionError) as error:
        return refused(unreadable(error))
    if not isinstance(tree, dict):
        return refused(Fault("", "json-invalid", "not a JSON object", "send one JSON object"))
    work = _Work(tree, str(tree.get("type", "")))
    _envelope(work)
    if may_hold_unfit(document):
        _text(work)
    event = None
    if not work.faults:
        event = _read(work, document, circumstances)
    if event is None:
        notes = tuple(work.notes[:MAX_NOTES])
        return Examined(None, faults=tuple(work.faults[:MAX_NOTES]), notes=notes)
    if work.changed:
        document = json.dumps(work.tree).encode()
    return Examined(
        event, document, (), tuple(work.notes[:MAX_NOTES]), tuple(work.left_out[:MAX_NOTES])
    )


def refused(fault: Fault) -> Examined:
    """Refused for one fault."""
    return Examined(None, faults=(fault,))


def unreadable(error: Exception) -> Fault:
    """The fault of a body that is no JSON."""
    if isinstance(error, MemberTwice):
        return Fault(
            "",
            "json-member-twice",
            f"an object has two members `{shown(error.name)[:40]}`",
            "name each member once; which of two counts would be a guess",
        )
    return Fault("", "json-invalid", type(error).__name__, "send one JSON object in UTF-8")


def too_deep(document: bytes) -> Fault | None:
    """The fault of a document that is nested too deeply, found before anything that recurses sees
    it.
    """
    deepest = level = 0
    quoted = escaped = False
    # a body without so many brackets cannot be so deep: most are told from that
    if document.count(b"{") + document.count(b"[") <= MAX_DEPTH:
        return None
    # byte by byte, so that brackets within text do not count: text may hold as many as it likes
    for sign in document:
        if quoted:
            quoted = escaped or sign != 0x22
            escaped = not escaped and sign == 0x5C
        elif sign == 0x22:
            quoted = True
        elif sign in (0x7B, 0x5B):
            level += 1
            deepest = max(deepest, level)
        elif sign in (0x7D, 0x5D):
            level -= 1
    if deepest <= MAX_DEPTH:
        return None
    return Fault(
        "",
        "nested-too-deeply",
        f"more than {MAX_DEPTH} levels",
        "send structured facts, not documents",
    )


def _envelope(work: _Work) -> None:
    """CloudEvents as others write them: extensions, parameters of the content type, data in base64."""
    _base64(work)
    written = work.tree.get("datacontenttype")
    if isinstance(written, str):
        kind, charset = media_type(written)
        if _JSON_TYPES.fullmatch(kind) and charset in _CHARSETS and written != "application/json":
            work.tree["datacontenttype"] = "application/json"
            work.changed = True
        elif charset not in _CHARSETS:
            work.faults.append(
                Fault(
                    "/datacontenttype",
                    "character-set-unknown",
                    "this character set is not read",
                    "send JSON in UTF-8",
                )
            )
    for name in sorted(set(work.tree) - set(Event.model_fields)):
        _extension(work, name)


def _extension(work: _Work, name: str) -> None:
    """An attribute that the contract does not have: an extension is passed over, a slip of the pen
    is noted.
    """
    del work.tree[name]
    work.changed = True
    suggestion = slip_of(name, Event.model_fields)
    well_formed = _EXTENSION.fullmatch(name) is not None
    if well_formed and (suggestion is None or name in _EXTENSIONS):
        return
    remedy = "name attributes in lower-case letters and digits (CloudEvents 1.0)"
    if suggestion is not None:
        remedy = f"did you mean `{suggestion}`? Otherwise nothing is to be done"
    work.notes.append(
        Fault(pointer_of((name,)), "field-unknown", "this attribute is not read", remedy)
    )
    work.left_out.append("unknown")


# Documented extensions of CloudEvents, however near their names are to ours.
_EXTENSIONS = frozenset(
    {
        "tracestate",
        "sequence",
        "sequencetype",
        "dataref",
        "sampledrate",
        "expirytime",
        "severitytext",
        "severitynumber",
        "authtype",
        "authid",
        "authclaims",
        "correlationid",
        "causationid",
        "dataclassification",
        "dataregulation",
        "bamtype",
        "opcuatype",
    }
)


def _base64(work: _Work) -> None:
    encoded = work.tree.get("data_base64")
    if encoded is None:
        return
    if "data" in work.tree:
        fault = Fault(
            "/data_base64", "data-twice", "both data and data_base64 are there", "send one of them"
        )
        work.faults.append(fault)
        return
    try:
        data = loads(base64.b64decode(str(encoded), validate=True))
    except (ValueError, RecursionError):
        fault = Fault(
            "/data_base64", "json-invalid", "it is not JSON in base64", "send JSON in `data`"
        )
        work.faults.append(fault)
        return
    del work.tree["data_base64"]
    work.tree["data"] = data
    work.changed = True


def _text(work: _Work) -> None:
    """Broken lines become one; other unfit text is left out with its field, or refuses the event."""
    for path in mend_spacing(work.tree):
        work.changed = True
        work.notes.append(
            Fault(
                pointer_of(path),
                "line-break-mended",
                "the text was broken into lines or columns: a space stands there now",
                "send text in one line",
            )
        )
        work.left_out.append(field_name(work.kind, path))
    work.leave_out((path, _unfit_fault(path), False) for path in list(unfit_places(work.tree)))


def _unfit_fault(path: Path) -> Fault:
    return Fault(
        pointer_of(path),
        "control-character",
        "the text has a control character, or half of a surrogate; or the number is infinite",
        "send plain text in UTF-8",
    )


def _read(work: _Work, document: bytes, circumstances: Circumstances) -> AnyEvent | None:
    for _ in range(_ROUNDS):
        if work.changed:
            document = json.dumps(work.tree).encode()
        try:
            event = decode(document)
        except ValidationError as error:
            work.leave_out(_complaints(work, error))
        else:
            implausible = list(findings(event, circumstances))
            if not implausible:
                return event
            work.leave_out(_doubts(implausible))
        if work.faults:
            return None
    work.faults.append(
        Fault(
            "",
            "value-invalid",
            "too much of the event cannot be read",
            "correct what the notes of `liaison validate` name",
        )
    )
    return None


def _complaints(work: _Work, error: ValidationError) -> Iterable[tuple[Path, Fault, bool]]:
    for detail in error.errors(include_input=False, include_url=False):
        fault, path = fault_of(detail), path_of(detail["loc"])
        if detail["type"] == "too_long" and work.shorten(path, detail["ctx"]["max_length"], fault):
            continue
        if detail["type"] == "missing":
            # what is missing cannot be left out; what it is missing from can
            path = path[:-1]
        if not path:
            yield path, fault, True
        elif unfit(str(path[-1])) or _is_there(work.tree, path):
            yield path, fault, False
        else:
            yield path[:-1], fault, False


def _is_there(tree: Any, path: Path) -> bool:
    node = tree
    for part in path:
        if isinstance(part, int):
            if not isinstance(node, list) or part >= len(node):
                return False
        elif not isinstance(node, dict) or part not in node:
            return False
        node = node[part]
    return True


def _doubts(implausible: Iterable[Finding]) -> Iterable[tuple[Path, Fault, bool]]:
    for finding in implausible:
        fault = Fault(pointer_of(finding.path), finding.code, finding.message, finding.remedy)
        yield finding.path, fault, finding.refuses
        for path in finding.other_paths:
            other = Fault(pointer_of(path), finding.code, finding.message, finding.remedy)
            yield path, other, finding.refuses
