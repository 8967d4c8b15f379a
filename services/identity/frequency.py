"""Which values of a record are counted, so that agreeing on a rare name weighs more than on a
common one.

The same values in the ledger, in replay and in bulk; where they are stored they are hashed, as
identity keys are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from services.identity.candidates import hashed
from services.identity.described import Described
from services.identity.model import Frequencies, pair_of

# Under this number all records are counted.
ALL = 0
# Below so many records nothing is known of how common a name is: every name counts as a common
# one (the model's defaults).
LEAST_REGISTER = 1000


def values_of(person: Described) -> frozenset[tuple[str, str]]:
    """(kind, value) of what is counted."""
    given_names = {("given", given_name) for given_name, _ in person.names if given_name}
    family = {("family", family_name) for _, family_name in person.names if family_name}
    pairs = {("pair", pair_of(name)) for name in person.names if all(name)}
    return frozenset(
        given_names | family | pairs | {("postcode", code) for code in person.postcodes}
    )


def stored(kind: str, value: str) -> int:
    """As the value is stored."""
    return hashed(f"frequency|{kind}|{value}")


def known(values: Iterable[tuple[str, str]], counts: Mapping[int, int]) -> Frequencies:
    """The frequencies of these values by stored counts; of a register that is too small, none."""
    records = counts.get(ALL, 0)
    if records < LEAST_REGISTER:
        return Frequencies()
    by_kind: dict[str, Counter[str]] = {
        "given": Counter(),
        "family": Counter(),
        "postcode": Counter(),
        "pair": Counter(),
    }
    for kind, value in values:
        by_kind[kind][value] = counts.get(stored(kind, value), 0)
    return Frequencies(
        records, by_kind["given"], by_kind["family"], by_kind["postcode"], by_kind["pair"]
    )
