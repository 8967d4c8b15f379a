"""How the Personal Demographics Service searches, as far as its published specification and tests
tell. Pure.

Source: NHSDigital/personal-demographics-service-api (specification and tests at f57f583). Certain:
parameters, errors, wildcards, that names and dates of birth match whole, that restricted people are
never found by postcode or GP, that an application alone gets one match or none. Approximated: the
score of a fuzzy search, whose formula is not published.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from operator import eq, ge, le
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

    def __init__(self, status: int, code: str, text: str) -> None:
        super().__init__(text)
        self.status, self.code, self.said = status, code, text


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
        "".join(
            character
            for character in unicodedata.normalize("NFKD", text)
            if not unicodedata.combining(character)
        )
        .casefold()
        .strip()
    )


def _dates(name: str, values: Sequence[str]) -> tuple[tuple[str, date], ...]:
    dates = []
    for value in values:
        match = _DATE.fullmatch(value)
        try:
            dates.append((match[1] or "eq", date.fromisoformat(match[2])) if match else None)
        except ValueError:
            dates.append(None)
    if None in dates:
        raise Refused(400, "INVALID_VALUE", f"Invalid value for parameter {name}")
    return tuple(date_asked for date_asked in dates if date_asked is not None)


def soundex(text: str) -> str:
    """The American Soundex of a name; empty without a letter."""
    letters = [letter for letter in _plain(text) if "a" <= letter <= "z"]
    if not letters:
        return ""
    codes = {
        letter: digit
        for digit, group in enumerate(("bfpv", "cgjkqsxz", "dt", "l", "mn", "r"), 1)
        for letter in group
    }
    code_so_far, last = letters[0].upper(), codes.get(letters[0])
    for letter in letters[1:]:
        code = codes.get(letter)
        if code is not None and code != last:
            code_so_far += str(code)
        if letter not in "hw":
            last = code
    return (code_so_far + "000")[:4]


def _word(asked_word: str, word: str) -> bool:
    asked_word, word = _plain(asked_word), _plain(word)
    if "*" not in asked_word:
        return asked_word == word
    return re.fullmatch(re.escape(asked_word).replace(r"\*", ".*"), word) is not None


def _names(patient: Mapping[str, Any], history: bool) -> Iterator[tuple[str, tuple[str, ...]]]:
    for name in patient.get("name", []):
        if history or name.get("use") != "old":
            yield str(name.get("family", "")), tuple(str(part) for part in name.get("given", []))


def _all(patient: Mapping[str, Any], kind: str) -> Iterable[str]:
    return (
        str(contact.get("value", ""))
        for contact in patient.get("telecom", [])
        if contact.get("system") == kind
    )


def _digits(text: str) -> str:
    return re.sub(r"\D", "", text)


_COMPARED: Mapping[str, Callable[[date, date], bool]] = {"eq": eq, "ge": ge, "le": le}


def _within(conditions: tuple[tuple[str, date], ...], birth_date: str | None) -> bool:
    if not conditions:
        return True
    if not birth_date:
        return False
    day = date.fromisoformat(birth_date[:10])
    return all(_COMPARED[sign](day, other_day) for sign, other_day in conditions)


def _postcodes(patient: Mapping[str, Any]) -> list[str]:
    return [
        str(address["postalCode"]).replace(" ", "")
        for address in patient.get("address", [])
        if address.get("postalCode")
    ]


def _practices(patient: Mapping[str, Any]) -> list[str]:
    return [
        str(part.get("identifier", {}).get("value", ""))
        for part in patient.get("generalPractitioner", [])
    ]


def mark(patient: Mapping[str, Any]) -> str:
    """U, R or REDACTED."""
    return next(
        (str(label.get("code")) for label in patient.get("meta", {}).get("security", [])), "U"
    )


def shown(patient: Mapping[str, Any]) -> dict[str, Any]:
    """What the service gives of a person: of a restricted one no address, phone, practice or
    relative.
    """
    hidden = (
        ("address", "telecom", "generalPractitioner", "contact") if mark(patient) == "R" else ()
    )
    return {field: value for field, value in patient.items() if field not in hidden}


def _query(parameters: Mapping[str, Sequence[str]]) -> _Query:
    if unknown := set(parameters) - _KNOWN:
        raise Refused(400, "UNSUPPORTED_PARAMETER", f"{len(unknown)} parameters are not supported")

    def one(*names: str) -> str:
        return next((parameters[name][0] for name in names if parameters.get(name)), "").strip()

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
        and (not query.phone or query.phone in {_digits(value) for value in _all(patient, "phone")})
        and (
            not query.email or query.email in {value.casefold() for value in _all(patient, "email")}
        )
    )


def _exact(query: _Query, patient: Mapping[str, Any], history: bool) -> bool:
    named = any(
        _word(query.family, family)
        and all(any(_word(asked_name, name) for name in given_names) for asked_name in query.given)
        for family, given_names in _names(patient, history)
    )
    return (
        named
        and (not query.gender or query.gender == patient.get("gender"))
        and _within(query.born, patient.get("birthDate"))
        and (not query.postcode or any(_word(query.postcode, code) for code in _postcodes(patient)))
    )


def _alike(asked_word: str, word: str) -> float:
    likeness: float = JaroWinkler.similarity(_plain(asked_word), _plain(word))
    sounds_alike = soundex(asked_word) and soundex(asked_word) == soundex(word)
    return max(likeness, 0.9) if sounds_alike else likeness


def _name_score(query: _Query, family: str, given: tuple[str, ...]) -> tuple[float, float]:
    """How alike family and given name are, in the order that is more alike."""
    first = max(
        (_alike(asked_name, name) for asked_name in query.given for name in given), default=0.0
    )
    # a name that was not asked for makes it a little less likely
    first *= 1 - 0.02 * max(0, len(given) - len(query.given))
    straight, crossed = (_alike(query.family, family), first), (0.0, 0.0)
    if query.given and given:
        crossed = (0.95 * _alike(query.family, given[0]), 0.95 * _alike(query.given[0], family))
    return max(straight, crossed, key=sum)


def _birth_score(query: _Query, born_on: str) -> float:
    if _within(query.born, born_on):
        return 1.0
    if not born_on or any(sign != "eq" for sign, _ in query.born):
        return 0.0
    day = query.born[0][1].isoformat()
    return 0.6 if sum(map(eq, born_on, day)) >= 9 else 0.0


def _score(query: _Query, patient: Mapping[str, Any]) -> float:
    common = [(0.25, _birth_score(query, str(patient.get("birthDate") or "")))]
    if query.gender:
        common.append((0.1, float(query.gender == patient.get("gender"))))
    if query.postcode:
        likeness = (_alike(query.postcode, code) for code in _postcodes(patient))
        common.append((0.1, max(likeness, default=0.0)))
    best = 0.0
    for family, given in _names(patient, True):
        family_score, given_score = _name_score(query, family, given)
        parts = [(0.35, family_score), *common]
        if query.given:
            parts.append((0.3, given_score))
        total = sum(weight * likeness for weight, likeness in parts)
        best = max(best, total / sum(weight for weight, _ in parts))
    return best


def search(
    people: Iterable[Mapping[str, Any]],
    parameters: Mapping[str, Sequence[str]],
    access: Access = "healthcare-worker",
) -> list[Hit]:
    """The people found, the likeliest first. Raises Refused.

    A fuzzy search is a cascade: whoever matches exactly is given alone; only without one are the
    alike looked for.
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
    possible = [patient for patient in people if _filters(query, patient)]
    history = query.history or fuzzy
    hits = [Hit(patient, 1.0) for patient in possible if _exact(query, patient, history)]
    if fuzzy and not hits:
        scored = [
            Hit(patient, round(likeness, 4))
            for patient in possible
            if (likeness := _score(query, patient)) >= FUZZY_AT_LEAST
        ]
        hits = sorted(scored, key=lambda hit: (-hit.score, hit.patient["id"]))
    if len(hits) > (1 if access == "application" else limit):
        raise Refused(200, "TOO_MANY_MATCHES", "Too Many Matches")
    return hits
