"""The registry of the tests' own: what London ships may change without reddening a test that is not about London.

It has the agencies, desks and feeds that tests and scenarios speak of, and no more. The few tests of what is shipped are
listed in tests/unit/schemas/test_own_registry.py.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from schemas.registry import Registry, load_registry

OWN_REGISTRY = Path(__file__).parent / "fixtures" / "registry" / "agencies.yaml"
"""The file, e.g. for `liaison replay --registry` and the setting LIAISON_REGISTRY_PATH."""


@cache
def own_registry() -> Registry:
    """Read once: a registry is never changed."""
    return load_registry(OWN_REGISTRY)
