"""Every error scimaudit raises on purpose.

::

    ScimAuditError                what happened, to which source, and one hint
    ├── ConfigError               the configuration is wrong; lists the known keys, types or rules
    ├── SourceError               a roster or a listing could not be had
    │   ├── AuthenticationFailed  the server refused the credentials
    │   ├── Unavailable           the server could not be reached, after retries
    │   ├── Malformed             the answer is not what the protocol promises
    │   └── Incomplete            a budget ran out before the end
    ├── TableError                rows do not fit their table
    ├── PolicyError               a policy file is wrong
    ├── RenderError               a report could not be written
    └── IntegrityError            stored evidence changed or is unfinished

The command line catches ``ScimAuditError`` once. Anything else that escapes is a bug.
"""

from __future__ import annotations


class ScimAuditError(Exception):
    """What happened, and what to do next.

    :param message: one sentence, naming the source or file it speaks of.
    :param hint: what the reader can do about it; empty when there is nothing to advise.
    """

    exit_code = 2

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class ConfigError(ScimAuditError):
    """The configuration cannot be used."""


class SourceError(ScimAuditError):
    """A source could not give what it was asked for.

    :param source: the source's name as the configuration spells it, such as ``apps.slack[0]``.
    """

    exit_code = 3

    def __init__(self, message: str, *, source: str = "", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.source = source


class AuthenticationFailed(SourceError):
    """The server refused the credentials (401, 403)."""


class Unavailable(SourceError):
    """The server could not be reached or kept failing; retries are used up."""


class Malformed(SourceError):
    """The answer arrived and is not what the protocol promises."""


class Incomplete(SourceError):
    """A budget of pages, bytes or seconds ran out before the end of the listing."""


class TableError(ScimAuditError):
    """Rows do not fit the table they are meant for."""


class PolicyError(ScimAuditError):
    """A policy file cannot be used."""


class RenderError(ScimAuditError):
    """A report could not be written."""


class IntegrityError(ScimAuditError):
    """Stored evidence is missing, unfinished or not what was written."""

    exit_code = 5
