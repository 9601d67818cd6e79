"""Reports: one file per format. A file in this folder is its own registration.

A renderer module says its file's ending in ``SUFFIX`` and holds ``render(audit, stream)``. A format that is several
files lists them in ``FILES``: the stem of each file to the keyword arguments that ``render`` is called with for it.
One that says ``ON_DEMAND = True`` is written where somebody asks for it by name, and is not among the :func:`usual`.
Modules with a leading underscore and folders are workings of the formats, and ``terminal`` writes no file.
"""

from __future__ import annotations

import os
import pkgutil
import tempfile
from collections.abc import Collection, Iterable
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol, cast

from scimaudit.errors import ConfigError, RenderError

if TYPE_CHECKING:
    from scimaudit.result import Audit


class Renderer(Protocol):
    """What a module of this folder offers."""

    SUFFIX: str

    def render(self, audit: Audit, stream: BinaryIO) -> None:
        """Write the whole report to ``stream``.

        :raises RenderError: it cannot be made.
        """
        ...


def names() -> tuple[str, ...]:
    """The names of all formats that are written to files, without importing them."""
    found = (module.name for module in pkgutil.iter_modules(__path__) if not module.ispkg)
    return tuple(sorted(name for name in found if not name.startswith("_") and name != "terminal"))


def usual() -> tuple[str, ...]:
    """The names of the formats that a report is written in where nobody says which."""
    return tuple(name for name in names() if not getattr(load(name), "ON_DEMAND", False))


def on_demand(files: Collection[str]) -> tuple[str, ...]:
    """The names of the formats beside the :func:`usual` ones that have a file among these."""
    named = {name: load(name) for name in names() if name not in usual()}
    return tuple(
        name
        for name, kind in named.items()
        if any(f"{stem}{kind.SUFFIX}" in files for stem in getattr(kind, "FILES", {"report": {}}))
    )


def load(name: str) -> Renderer:
    """The renderer of the format called ``name``.

    :raises ConfigError: there is no such format; lists the known ones.
    """
    if name not in names():
        raise ConfigError(f"there is no format {name!r}", hint="known formats: " + ", ".join(names()))
    return cast("Renderer", import_module(f"{__name__}.{name}"))


def write(audit: Audit, folder: Path, formats: Iterable[str]) -> list[Path]:
    """Write the report in each format into ``folder``, which is made where it is missing.

    A file appears under its name only when it is whole, and is readable by its owner alone: it holds personal data.

    :returns: the files written, in the order of ``formats``.
    :raises ConfigError: a format is unknown; nothing is written then.
    :raises RenderError: a file cannot be written; no part of it stays behind.
    """
    written = []
    for renderer in [load(name) for name in formats]:
        for stem, arguments in getattr(renderer, "FILES", {"report": {}}).items():
            path = folder / f"{stem}{renderer.SUFFIX}"
            _write_one(renderer, audit, path, arguments)
            written.append(path)
    return written


def _write_one(renderer: Renderer, audit: Audit, path: Path, arguments: dict[str, Any]) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, partial = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise _refused(path, error) from error
    try:
        with open(handle, "wb") as stream:  # noqa: PTH123 - a file descriptor, not a path
            renderer.render(audit, stream, **arguments)
            stream.flush()
            os.fsync(stream.fileno())
        Path(partial).replace(path)
    except OSError as error:
        Path(partial).unlink(missing_ok=True)
        raise _refused(path, error) from error
    except BaseException:
        Path(partial).unlink(missing_ok=True)
        raise


def _refused(path: Path, error: OSError) -> RenderError:
    return RenderError(
        f"{path} could not be written: {error.strerror or error}",
        hint="choose a folder that can be written to and has room, and close the file if it is open elsewhere",
    )
