"""How much of the estate is in memory at once while many listings run side by side."""

from __future__ import annotations

from threading import Condition
from typing import Final

MOST_ROWS: Final = 200_000
"""Accounts in flight from which on only the app that began first goes on: about 1.5 GB with eight rights each."""

_LOOK_AGAIN: Final = 0.5


class Brake:
    """Holds apps back while others fill the memory. Small estates never feel it; a large app never starves.

    :param most: rows in flight, all apps together, from which on all but the oldest wait.
    """

    def __init__(self, most: int = MOST_ROWS) -> None:
        self._most = most
        self._rows: dict[str, int] = {}
        self._changed = Condition()
        self._released = False

    def holds(self, app: str, rows: int) -> None:
        """The app has this many rows in memory."""
        with self._changed:
            self._rows[app] = rows

    def ended(self, app: str) -> None:
        """The app's rows are on disk, or it failed."""
        with self._changed:
            self._rows.pop(app, None)
            self._changed.notify_all()

    def release(self) -> None:
        """Nobody waits any more: the pull is being stopped."""
        with self._changed:
            self._released = True
            self._changed.notify_all()

    def wait(self, app: str) -> None:
        """Return when the app may ask for more."""
        with self._changed:
            self._rows.setdefault(app, 0)
            while not self._free(app):
                self._changed.wait(_LOOK_AGAIN)

    def _free(self, app: str) -> bool:
        return self._released or sum(self._rows.values()) < self._most or next(iter(self._rows)) == app
