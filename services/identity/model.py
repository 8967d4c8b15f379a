"""The weights of the matcher: versioned data, never code."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from math import inf, log2
from pathlib import Path
from typing import Any

from services.identity.described import Described, Name

_FIELDS = (
    "given",
    "family",
    "birth",
    "postcode",
    "address",
    "phone",
    "nhs_number",
    "identifier",
    "sex",
)


@dataclass(frozen=True)
class Model:
    """Bits of each level. Of an exact name or postcode they are added to the surprise of its
    frequency.
    """

    version: str
    levels: Mapping[str, Mapping[str, float]]
    population: int
    """How many people the register holds or may come to hold: what an unlikely coincidence is
    measured against.
    """
    attach: float
    """Bits over the odds of not being on file at which a person is attached."""
    possible: float
    margin: float
    """Bits that the second must be behind."""
    alias: float
    swapped: float
    clamp: tuple[float, float]
    defaults: Mapping[str, float]

    def bits(self, name: str, level: str, surprise: float = 0.0) -> float:
        """The clamped weight of a level of a field."""
        low, high = self.clamp
        return min(high, max(low, self.levels[name][level] + surprise))


def _shipped_text() -> str:
    return files("services.identity").joinpath("model.json").read_text(encoding="utf-8")


@cache
def _shipped_levels() -> dict[str, tuple[str, ...]]:
    shipped_model = json.loads(_shipped_text())
    return {name: tuple(sorted(shipped_model[name])) for name in _FIELDS}


def model_of(text: str) -> Model:
    """The model in a JSON document. Raises ValueError naming what is missing or wrong."""
    try:
        document: dict[str, Any] = json.loads(text)
        low, high = document["clamp"]
        # a level that is missing would be missed at night, by the first pair that compares so
        for name, levels in _shipped_levels().items():
            for level in levels:
                if level not in document[name]:
                    raise KeyError(f"{name}.{level}")
        return Model(
            str(document["version"]),
            {
                field_name: {level: float(bits) for level, bits in document[field_name].items()}
                for field_name in _FIELDS
            },
            int(document["population"]),
            float(document["attach"]),
            float(document["possible"]),
            float(document["margin"]),
            float(document["alias"]),
            float(document["swapped"]),
            (float(low), float(high)),
            {
                field_name: float(document[f"default_{field_name}"])
                for field_name in ("given", "family", "postcode")
            },
        )
    except KeyError as error:
        raise ValueError(
            f"the model lacks {error}; compare it with the shipped services/identity/model.json"
        ) from error
    except (TypeError, AttributeError, json.JSONDecodeError) as error:
        raise ValueError(f"the model is not a JSON object of the shipped form: {error}") from error


@cache
def shipped() -> Model:
    """The model that the product carries."""
    return model_of(_shipped_text())


class ModelError(ValueError):
    """The model file is not one; one sentence names the file and what is wrong with it."""


def load_model(path: Path | None) -> Model:
    """The model in the file, or the shipped one. Raises ModelError."""
    if path is None:
        return shipped()
    try:
        return model_of(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise ModelError(f"{path}: {error}") from error


def document_of(text: str | None) -> tuple[dict[str, Any], Model]:
    """A model's JSON document and the model in it; the shipped one's without a text. Raises
    ValueError as `model_of`.
    """
    if text is None:
        text = _shipped_text()
    model = model_of(text)
    return json.loads(text), model


def pair_of(name: Name) -> str:
    """Both names as one value."""
    return "|".join(name)


@dataclass(frozen=True)
class Frequencies:
    """How common names and postcodes are in a register. Without one, every name counts as a common
    one.
    """

    people: int = 0
    given: Counter[str] = field(default_factory=Counter)
    family: Counter[str] = field(default_factory=Counter)
    postcode: Counter[str] = field(default_factory=Counter)
    pair: Counter[str] = field(default_factory=Counter)
    """Given and family name together (`pair_of`)."""

    def surprise(self, kind: str, value: str, model: Model) -> float:
        """Bits of two people agreeing on the value by chance."""
        if not self.people:
            return -log2(model.defaults[kind])
        counts: Counter[str] = getattr(self, kind)
        return -log2(max(counts[value], 2) / max(self.people, 1000))

    def pair_surprise(self, name: Name) -> float:
        """Bits of somebody else being called so by both names; without end where nobody else on
        file is.

        Names go together: of Mohammed and Khan, each alone says less than it seems to where many
        are called both. Weighing each by itself would take one for another most often where a few
        names are shared by many.
        """
        same_pair = self.pair[pair_of(name)] - 1
        if same_pair > 0:
            return -log2(same_pair / max(self.people, 1000))
        return inf

    def is_a_name(self, given_name: str) -> bool:
        """Somebody else is called so: it is a name of its own, not a slip of the pen."""
        return self.given[given_name] > 1


def frequencies(people: Iterable[Described]) -> Frequencies:
    """Counted over a register."""
    counted = Frequencies(0)
    count = 0
    for person in people:
        count += 1
        counted.given.update({given_name for given_name, _ in person.names if given_name})
        counted.family.update({family_name for _, family_name in person.names if family_name})
        counted.postcode.update(person.postcodes)
        counted.pair.update({pair_of(name) for name in person.names if all(name)})
    return Frequencies(count, counted.given, counted.family, counted.postcode, counted.pair)
