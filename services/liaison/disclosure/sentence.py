"""How the sentences of a view are put together: several as one, each once."""

from __future__ import annotations

from collections.abc import Collection, Iterable


def together(label: str, sentences: Collection[str]) -> dict[str, str]:
    """A label with all its sentences; nothing where there is none."""
    if sentences:
        return {label: "; ".join(sentences)}
    return {}


def once(words: Iterable[str | None]) -> tuple[str, ...]:
    """Each once, in their order, without what is empty."""
    return tuple(dict.fromkeys(word for word in words if word))
