"""A watcher of pulls that keeps still."""

from __future__ import annotations


class Silence:
    """See :class:`scimaudit.snapshot.collect.Watcher`."""

    def started(self, name: str) -> None: ...

    def moved(self, name: str, done: int, total: int | None) -> None: ...

    def told(self, name: str, words: str) -> None: ...

    def ended(self, name: str, listing: object, error: str) -> None: ...
