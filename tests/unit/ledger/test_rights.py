"""Every service has a role of its own in the ledger, and somebody decided what it may."""

from __future__ import annotations

from services.ledger.access.rights import RIGHTS, ROLE_NAMES
from services.runtime.exposition.registries import SERVICES


def test_every_service_has_its_rights() -> None:
    undecided = (set(SERVICES) | {"commands"}) ^ set(RIGHTS)
    assert undecided == set(), "RIGHTS in services/ledger/access/rights.py: say what it needs"
    assert set(ROLE_NAMES) == set(RIGHTS)
