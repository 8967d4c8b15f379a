"""How the Personal Demographics Service searches, as far as its published specification and tests tell. Pure.

Source: NHSDigital/personal-demographics-service-api (specification and tests at f57f583). Certain: parameters, errors,
wildcards, that names and dates of birth match whole, that restricted people are never found by postcode or GP, that an
application alone gets one match or none. Approximated: the score of a fuzzy search, whose formula is not published.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from rapidfuzz.distance import JaroWinkler

Access = Literal["healthcare-worker", "application", "patient"]
FUZZY_AT_LEAST = 0.85
"""Score from which a fuzzy candidate is given; ours."""
MAX_RESULTS = 50
_DATE = re.compile(r"(eq|ge|le)?(\d{4}-\d{2}-\d{2})")
_KNOWN = frozenset(
    {
        "family",
        "given",
        "gender",
        "birthdate",
        "death-date",
        "address-postalcode",
        "address-postcode",
        "phone",
        "email",
        "general-practitioner",
        "_fuzzy-match",
        "_exact-match",
        "_history",
        "_max-results",
    }
)
_TRUE = frozenset({"true", "True", "1"})


class Refused(Exception):
    """The search is not made."""

    def __init__(self, status: int, code: str, said: str) -> None:
        super().__init__(said)
        self.status, self.code, self.said = status, code, said


@dataclass(frozen=True, slots=True)
class Hit:
    """One person found, with a score; 1 unless the search was fuzzy."""

    patient: Mapping[str, Any]
    score: float


@dataclass(frozen=True, slots=True)
class _Query:
    family: str
    given: tuple[str, ...]
    gender: str
    born: tuple[tuple[str, date], ...]
    died: tuple[tuple[str, date], ...]
    postcode: str
    practice: str
    phone: str
    email: str
    history: bool


def _plain(text: str) -> str:
    return (
        "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
        .casefold()
        .strip()
    )


def _dates(name: str, values: Sequence[str]) -> tuple[tuple[str, date], ...]:
    found = []
    for value in values:
        match = _DATE.fullmatch(value)
        try:
            found.append((match[1] or "eq", date.fromisoformat(match[2])) if match else None)
        except ValueError:
            found.append(None)
    if None in found:
        raise Refused(400, "INVALID_VALUE", f"Invalid value for parameter {name}")
    return tuple(each for each in found if each is not None)


def soundex(text: str) -> str:
    """The American Soundex of a name; empty without a letter."""
    letters = [c for c in _plain(text) if "a" <= c <= "z"]
    if not letters:
        return ""
    codes = {
        c: n for n, group in enumerate(("bfpv", "cgjkqsxz", "dt", "l", "mn", "r"), 1) for c in group
    }
    said, last = letters[0].upper(), codes.get(letters[0])
    for c in letters[1:]:
        code = codes.get(c)
        if code is not None and code != last:
            said += str(code)
        if c not in "hw":
            last = code
    return (said + "000")[:4]


def _word(wanted: str, held: str) -> bool:
    wanted, held = _plain(wanted), _plain(held)
    if "*" not in wanted:
        return wanted == held
    return re.fullmatch(re.escape(wanted).replace(r"\*", ".*"), held) is not None


def _names(patient: Mapping[str, Any], history: bool) -> Iterator[tuple[str, tuple[str, ...]]]:
    for name in patient.get("name", []):
        if history or name.get("use") != "old":
            yield str(name.get("family", "")), tuple(str(g) for g in name.get("given", []))


def _all(patient: Mapping[str, Any], kind: str) -> Iterable[str]:
    return (str(t.get("value", "")) for t in patient.get("telecom", []) if t.get("system") == kind)


def _digits(text: str) -> str:
    return re.sub(r"\D", "", text)


def _within(said: tuple[tuple[str, date], ...], held: str | None) -> bool:
    if not said:
        return True
    if not held:
        return False
    day = date.fromisoformat(held[:10])
    return all(
        (day == d) if sign == "eq" else (day >= d) if sign == "ge" else (day <= d)
        for sign, d in said
    )


def _postcodes(patient: Mapping[str, Any]) -> list[str]:
    return [
        str(a["postalCode"]).replace(" ", "")
        for a in patient.get("address", [])
        if a.get("postalCode")
    ]


def _practices(patient: Mapping[str, Any]) -> list[str]:
    return [
        str(g.get("identifier", {}).get("value", ""))
        for g in patient.get("generalPractitioner", [])
    ]


def mark(patient: Mapping[str, Any]) -> str:
    """U, R or REDACTED."""
    return next((str(s.get("code")) for s in patient.get("meta", {}).get("security", [])), "U")


def shown(patient: Mapping[str, Any]) -> dict[str, Any]:
    """What the service gives of a person: of a restricted one no address, phone, practice or relative."""
    hidden = (
        ("address", "telecom", "generalPractitioner", "contact") if mark(patient) == "R" else ()
    )
    return {k: v for k, v in patient.items() if k not in hidden}


def _query(parameters: Mapping[str, Sequence[str]]) -> _Query:
    if unknown := set(parameters) - _KNOWN:
        raise Refused(400, "UNSUPPORTED_PARAMETER", f"{len(unknown)} parameters are not supported")

    def one(*names: str) -> str:
        return next((parameters[n][0] for n in names if parameters.get(n)), "").strip()

    born, died = (
        _dates("birthdate", parameters.get("birthdate", ())),
        _dates("death-date", parameters.get("death-date", ())),
    )
    family, given = one("family"), tuple(parameters.get("given", ()))
    for value in (family, *given, one("address-postalcode", "address-postcode")):
        if "*" in value and len(value.split("*")[0]) < 2:
            raise Refused(
                400, "INVALID_VALUE", "a wildcard needs at least two characters before it"
            )
    if not born:
        raise Refused(400, "MISSING_VALUE", "Missing value - 'birthdate'")
    if not family:
        raise Refused(400, "MISSING_VALUE", "Missing value - 'family'")
    return _Query(
        family,
        given,
        one("gender"),
        born,
        died,
        one("address-postalcode", "address-postcode").replace(" ", ""),
        one("general-practitioner"),
        _digits(one("phone")),
        one("email").casefold(),
        one("_history") in _TRUE,
    )


def _filters(query: _Query, patient: Mapping[str, Any]) -> bool:
    """What a fuzzy search holds to as well."""
    if mark(patient) == "REDACTED" or (mark(patient) == "R" and (query.postcode or query.practice)):
        return False
    return (
        _within(query.died, patient.get("deceasedDateTime"))
        and (not query.practice or query.practice in _practices(patient))
        and (not query.phone or query.phone in {_digits(p) for p in _all(patient, "phone")})
        and (not query.email or query.email in {e.casefold() for e in _all(patient, "email")})
    )


def _exact(query: _Query, patient: Mapping[str, Any], history: bool) -> bool:
    named = any(
        _word(query.family, family) and all(any(_word(g, h) for h in held) for g in query.given)
        for family, held in _names(patient, history)
    )
    return (
        named
        and (not query.gender or query.gender == patient.get("gender"))
        and _within(query.born, patient.get("birthDate"))
        and (not query.postcode or any(_word(query.postcode, p) for p in _postcodes(patient)))
    )


def _alike(wanted: str, held: str) -> float:
    likeness: float = JaroWinkler.similarity(_plain(wanted), _plain(held))
    return max(likeness, 0.9) if soundex(wanted) and soundex(wanted) == soundex(held) else likeness


def _score(query: _Query, patient: Mapping[str, Any]) -> float:
    def of(family: str, given: tuple[str, ...]) -> tuple[float, float]:
        first = max((_alike(g, h) for g in query.given for h in given), default=0.0)
        # a name that was not asked for makes it a little less likely
        first *= 1 - 0.02 * max(0, len(given) - len(query.given))
        return _alike(query.family, family), first

    best = 0.0
    for family, given in _names(patient, True):
        straight, crossed = of(family, given), (0.0, 0.0)
        if query.given and given:
            crossed = (0.95 * _alike(query.family, given[0]), 0.95 * _alike(query.given[0], family))
        fam, first = max(straight, crossed, key=sum)
        parts = [(0.35, fam)]
        if query.given:
            parts.append((0.3, first))
        held = str(patient.get("birthDate") or "")
        near = 1.0 if _within(query.born, held) else 0.0
        if not near and held and all(sign == "eq" for sign, _ in query.born):
            near = (
                0.6
                if sum(a == b for a, b in zip(held, query.born[0][1].isoformat(), strict=False))
                >= 9
                else 0.0
            )
        parts.append((0.25, near))
        if query.gender:
            parts.append((0.1, float(query.gender == patient.get("gender"))))
        if query.postcode:
            codes = _postcodes(patient)
            parts.append((0.1, max((_alike(query.postcode, c) for c in codes), default=0.0)))
        best = max(best, sum(w * s for w, s in parts) / sum(w for w, _ in parts))
    return best


def search(
    people: Iterable[Mapping[str, Any]],
    parameters: Mapping[str, Sequence[str]],
    access: Access = "healthcare-worker",
) -> list[Hit]:
    """The people found, the likeliest first. Raises Refused.

    A fuzzy search is a cascade: whoever matches exactly is given alone; only without one are the alike looked for.
    """
    if access == "patient":
        raise Refused(403, "ACCESS_DENIED", "Access denied: a patient may not search")
    query = _query(parameters)
    fuzzy = next(iter(parameters.get("_fuzzy-match", ())), "") in _TRUE
    try:
        limit = int(next(iter(parameters.get("_max-results", ())), MAX_RESULTS))
    except ValueError:
        limit = 0
    if not 1 <= limit <= MAX_RESULTS:
        raise Refused(400, "INVALID_VALUE", "Invalid value for parameter _max-results")
    possible = [p for p in people if _filters(query, p)]
    history = query.history or fuzzy
    hits = [Hit(p, 1.0) for p in possible if _exact(query, p, history)]
    if fuzzy and not hits:
        scored = [
            Hit(p, round(s, 4)) for p in possible if (s := _score(query, p)) >= FUZZY_AT_LEAST
        ]
        hits = sorted(scored, key=lambda h: (-h.score, h.patient["id"]))
    if len(hits) > (1 if access == "application" else limit):
        raise Refused(200, "TOO_MANY_MATCHES", "Too Many Matches")
    return hits
