"""The policy: thresholds that an operator edits without code."""

from __future__ import annotations

from datetime import timedelta
from importlib import resources
from pathlib import Path
from typing import Annotated, Self

import yaml
from pydantic import Field, ValidationError, model_validator

from schemas.model import Closed

Seconds = Annotated[int, Field(ge=0, le=7 * 86_400)]

AACE_ARRIVAL_SECONDS = 1800
"""AACE national s136 protocol: assess and arrange transport within 30 minutes."""


class PolicyError(ValueError):
    """The policy file cannot be used as it is."""


class Policy(Closed):
    """Thresholds of the rules, in seconds."""

    version: Annotated[int, Field(ge=1)]
    ambulance_request_within_seconds: Seconds
    ambulance_arrival_within_seconds: Seconds
    retriage_within_seconds: Seconds
    restraint_upgrade_within_seconds: Seconds
    restraint_review_within_seconds: Seconds
    restraint_limit_seconds: Seconds
    crisis_plan_opened_within_seconds: Seconds
    feed_silent_after_seconds: Annotated[int, Field(ge=5, le=3600)]
    acknowledge_within_seconds: dict[Annotated[int, Field(ge=1, le=5)], Seconds]

    @model_validator(mode="after")
    def _within_the_standards(self) -> Self:
        if self.ambulance_arrival_within_seconds > AACE_ARRIVAL_SECONDS:
            raise ValueError(
                "ambulance_arrival_within_seconds is a national standard (AACE s136 protocol, 1800 s) and cannot be "
                "loosened; set 1800 or less"
            )
        if self.restraint_review_within_seconds > self.restraint_limit_seconds:
            raise ValueError("restraint_review_within_seconds is longer than restraint_limit_seconds; shorten it")
        if set(self.acknowledge_within_seconds) != {1, 2, 3, 4, 5}:
            raise ValueError("acknowledge_within_seconds needs a limit for each urgency from 1 to 5")
        return self

    def acknowledge_within(self, urgency: int) -> timedelta:
        """How long a desk has to acknowledge."""
        return timedelta(seconds=self.acknowledge_within_seconds[urgency])

    def limit(self, name: str) -> timedelta:
        """The threshold `<name>_seconds`."""
        return timedelta(seconds=getattr(self, f"{name}_seconds"))


def load_policy(path: Path | None = None) -> Policy:
    """The policy in the file, or the shipped one. Raises PolicyError naming file, place and remedy."""
    name = str(path) if path else "policy.yaml (shipped)"
    try:
        text = (path or resources.files("services.liaison") / "policy.yaml").read_text(encoding="utf-8")
        return Policy.model_validate(yaml.safe_load(text))
    except OSError as error:
        raise PolicyError(f"{name} cannot be read: {error.strerror}") from error
    except yaml.YAMLError as error:
        raise PolicyError(f"{name} is not YAML: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = "/" + "/".join(str(part) for part in first["loc"])
        raise PolicyError(f"{name} at {place}: {first['msg'].removeprefix('Value error, ')}") from error
