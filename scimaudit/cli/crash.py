"""What is said when scimaudit itself is wrong: where in the code, and nothing of what it held at the time.

A message of a library may quote a header, a cell or a name, so errors are told by kind and place alone. Whoever reports
the bug can hand these lines to anybody.
"""

from __future__ import annotations

import hashlib
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Final

EXIT_CODE: Final = 70
"""What sysexits(3) calls EX_SOFTWARE; apart from every verdict."""


def told(error: BaseException) -> str:
    """The kinds of an error and of what led to it, the last one last, with the places they passed."""
    lines = [line for each in reversed(list(_chain(error))) for line in _one(each)]
    number = hashlib.sha256("\n".join(lines).encode()).hexdigest()[:8]
    return "\n".join(
        [
            f"scimaudit: this is a bug of scimaudit, number {number}; no verdict was given",
            "  please report it with the lines below, which hold no data of yours",
            *lines,
        ]
    )


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _one(error: BaseException) -> Iterator[str]:
    yield f"  {type(error).__module__}.{type(error).__qualname__}"
    for frame in traceback.extract_tb(error.__traceback__):
        yield f"    {'/'.join(Path(frame.filename).parts[-3:])}:{frame.lineno} {frame.name}"
