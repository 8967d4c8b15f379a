"""Every event of the contract. Importing this package declares all types in
`catalogue.DATA_MODELS`.
"""

from __future__ import annotations

from schemas.events import care, detention, incident, keeping, response
from schemas.events.catalogue import DATA_MODELS, TYPE_PREFIX, EventData, type_of

__all__ = [
    "DATA_MODELS",
    "TYPE_PREFIX",
    "EventData",
    "care",
    "detention",
    "incident",
    "keeping",
    "response",
    "type_of",
]
