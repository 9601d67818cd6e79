"""Live progress of a pull: a bar per source on a terminal, a line per ended source otherwise, nothing when quiet."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Self

from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from scimaudit.plural import count
from scimaudit.renderers.encode import show
from scimaudit.renderers.terminal import console

if TYPE_CHECKING:
    from scimaudit.sources import Listing


class Live:
    """Watches a pull; see :class:`scimaudit.snapshot.collect.Watcher`."""

    def __init__(self, *, quiet: bool, no_color: bool) -> None:
        self._console = console(no_color=no_color, stderr=True)
        self._quiet = quiet
        self._bars = quiet is False and self._console.is_terminal
        self._tasks: dict[str, TaskID] = {}
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[said]}"),
            console=self._console,
            disable=not self._bars,
        )

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def started(self, name: str) -> None:
        """A source is being collected."""
        self._tasks[name] = self._progress.add_task(name, total=None, said="")

    def moved(self, name: str, done: int, total: int | None) -> None:
        """It has this many rows; the server's total is an estimate, never a promise."""
        self._progress.update(self._tasks[name], completed=done, total=total)

    def told(self, name: str, words: str) -> None:
        """It asks a human to act; said even when quiet, for without the human the pull waits in vain."""
        self._console.print(f"{name}: {show(words)}", markup=False, highlight=False, soft_wrap=True)

    def ended(self, name: str, listing: Listing | None, error: str) -> None:
        """It is done or failed."""
        if listing is None:
            said = f"failed: {show(error)}"
        else:
            said = f"{count(listing.parsed, 'row')}, walk {listing.walk.state}, scope {listing.scope.state}"
        rows = listing.received if listing else None
        self._progress.update(self._tasks[name], completed=rows, total=rows, said=said)
        if not self._quiet and not self._bars:
            self._console.print(f"{name}: {said}")
