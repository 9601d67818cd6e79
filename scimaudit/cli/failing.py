"""What cannot go on, as words and an exit code: a disk that fails, no memory, a run that judged and then failed."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TextIO

from scimaudit.errors import ScimAuditError


def in_words(error: OSError | MemoryError) -> ScimAuditError:
    """What the system refused, for people.

    What was written up to then counts for nothing: whatever is kept gets its name last.
    """
    if isinstance(error, MemoryError):
        return ScimAuditError("there is not enough memory", hint="nothing half done counts; give it more and try again")
    said = error.strerror or str(error)
    where = next((str(name) for name in (error.filename2, error.filename) if name), "")
    return ScimAuditError(
        f"a file cannot be read or written: {where}: {said}" if where else f"a file cannot be read or written: {said}",
        hint="nothing half written counts; make room or mend the disk, then do it again",
    )


def let_go_of(stream: TextIO | None) -> None:
    """Write what an output still holds, or drop it: refused while Python shuts down, it would end with 120.

    :param stream: standard output or standard error; none where it was closed before Python began.
    """
    if stream is None:
        return
    try:
        stream.flush()
    except OSError:
        with suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def say(words: str) -> None:
    """Write to standard error; where nobody can hear it, the exit code says enough."""
    let_go_of(sys.stdout)
    if sys.stderr is None:
        return
    try:
        print(words, file=sys.stderr)  # noqa: T201 - the one place errors are shown
    except OSError:
        let_go_of(sys.stderr)


@contextmanager
def after_verdict(code: int, *, least: int = 2) -> Iterator[None]:
    """Whatever fails in the block ends with the worse of its own code and the verdict's: neither may hide the other.

    :param code: what the audit ends with.
    :param least: what a failure ends with at least.
    :raises ScimAuditError: the block does, or the system refused something.
    """
    try:
        yield
    except BrokenPipeError:
        raise
    except (OSError, MemoryError) as error:
        told = in_words(error)
        told.exit_code = max(code, least)
        raise told from error
    except ScimAuditError as error:
        error.exit_code = max(code, least, error.exit_code)
        raise
