"""The registry out of its file, with the boundaries and postcodes that it names."""

from __future__ import annotations

from collections.abc import Callable
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import ValidationError

from schemas.boundaries import Boundaries, BoundariesError, read_boundaries
from schemas.registry.postcodes import Postcodes, PostcodesError, read_postcodes
from schemas.registry.registry import Registry, RegistryError
from schemas.strict_yaml import load

T = TypeVar("T")


def load_registry(path: Path | None = None) -> Registry:
    """The registry in the file, or the shipped London. Raises RegistryError naming file, place
    and remedy.
    """
    source: Traversable = path or resources.files("schemas") / "registries" / "london.yaml"
    name = str(path or "london.yaml (shipped)")
    try:
        text = source.read_text(encoding="utf-8")
        registry = Registry.model_validate(load(text))
    except OSError as error:
        raise RegistryError(f"{name} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise RegistryError(f"{name} is not in UTF-8; save it as UTF-8") from error
    except yaml.YAMLError as error:
        raise RegistryError(f"{name} is not YAML: {error}") from error
    except ValidationError as error:
        # the first is enough: one wrong indent makes twenty of them
        fault = error.errors()[0]
        place = "/" + "/".join(str(part) for part in fault["loc"])
        raise RegistryError(
            f"{name} at {place}: {fault['msg'].removeprefix('Value error, ')}"
        ) from error
    if registry.boundaries is not None:
        registry._boundaries = _outlines(registry, _file_beside(registry.boundaries, path))
    if registry.postcodes is not None:
        registry._postcodes = _postcodes(registry, _file_beside(registry.postcodes, path))
    return registry


def _file_beside(name: str, registry: Path | None) -> Traversable:
    """Beside the registry's file, else the shipped one of that name."""
    shipped = resources.files("schemas") / "registries" / name
    if registry is None:
        return shipped
    beside = registry.parent / name
    if beside.is_file() or not shipped.is_file():
        return beside
    return shipped


def _read(file: Traversable, kind: str, parse: Callable[[str], T]) -> T:
    """What a file that the registry names holds. Raises RegistryError."""
    try:
        return parse(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise RegistryError(
            f"{file.name}, which the registry names as {kind}, cannot be read: {error}"
        ) from error
    except (BoundariesError, PostcodesError, UnicodeDecodeError) as error:
        raise RegistryError(f"{file.name}: {error}") from error


def _outlines(registry: Registry, file: Traversable) -> Boundaries:
    """Raises RegistryError, also where an area has no outline: an incident there that says only
    where it is would be nobody's.
    """
    outlines = _read(file, "boundaries", read_boundaries)
    for area in registry.areas:
        if area.code not in outlines.outlines:
            raise RegistryError(
                f"area {area.id}: {file.name} has no outline of code {area.code}; add one or correct the code"
            )
    return outlines


def _postcodes(registry: Registry, file: Traversable) -> Postcodes:
    """Raises RegistryError, also where an area has no postcode: the table is of another place."""
    postcodes = _read(file, "postcodes", read_postcodes)
    codes = postcodes.codes
    for area in registry.areas:
        if area.code not in codes:
            raise RegistryError(
                f"area {area.id}: {file.name} has no postcode in code {area.code}; add them or correct the code"
            )
    return postcodes
