"""Asking ``/Users`` or ``/Groups``: requests out, parsed pages in. What knows both HTTP and SCIM stands here."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Final

import orjson

from scimaudit.errors import Malformed, SourceError
from scimaudit.sources import Reply
from scimaudit.sources.scim import parse
from scimaudit.sources.scim.columns import Kind, Page, Rejection
from scimaudit.sources.scim.evidence import Refused
from scimaudit.sources.scim.outline import Knows
from scimaudit.sources.scim.profile import Profile
from scimaudit.transport import Client, observed, segment

Target = str | Mapping[str, str]
Took = Callable[[Page, int, Target, bytes], None]
"""Is given each page with the number of its body, what was asked, and the body; a resource fetched alone is one row."""

FRESH: Final = 300
"""Seconds that an answer may have lain in a cache on the way; each request asks not to be answered by one."""
OLD: Final = "answers-from-a-cache"
"""How the deviation is called of answers that lay there longer."""

_MISSING: Final = frozenset({400, 404, 410})
_LONGEST: Final = 200
_LARGEST: Final = 1 << 20
_BOM: Final = b"\xef\xbb\xbf"
_BEFORE: Final = b'{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"totalResults":1,"Resources":['


class Endpoint:
    """One endpoint of one app.

    :param took: what to do with a page before the walk sees it.
    :param extra: parameters added to each list request.
    :param knows: whether rows of these ids were taken in before; a page of such rows is read for its ids alone.
    """

    def __init__(
        self,
        client: Client,
        profile: Profile,
        kind: Kind,
        took: Took,
        extra: Mapping[str, str] | None = None,
        source: str = "",
        knows: Knows | None = None,
    ) -> None:
        self._client = client
        self._profile = profile
        self._kind: Kind = kind
        self._took = took
        self._extra = extra or {}
        self._source = source
        self._knows = knows
        self.deviations: Counter[str] = Counter()
        self.failures: list[SourceError] = []
        self.media_types: Counter[str] = Counter()
        self.rejected = 0

    def page(self, target: Target, *, whole: bool = False) -> Page:
        """Fetch a page by parameters, or by a URL that the server gave.

        :param whole: read every row, be it known or not.
        :raises Refused: the answer is not 200.
        :raises Malformed: it is not a list response.
        :raises SourceError: whatever the transport raises.
        """
        try:
            return self._page(target, None if whole else self._knows)
        except SourceError as error:
            self.failures.append(error)
            raise

    def single(self, identifier: str) -> Reply:
        """Fetch one resource by its id.

        :raises SourceError: whatever the transport raises.
        """
        return self._single(identifier)[0]

    def exists(self, identifier: str) -> bool | None:
        """Whether a resource with this id can be fetched; None when the answer says neither.

        One that can be is taken in, unless it was before.
        """
        try:
            reply, number = self._single(identifier)
            if reply.status == 400 and segment(identifier) != identifier:
                return None  # it may be the spelling that is refused, whoever it names
            if reply.status in _MISSING:
                return None if observed.age(reply.headers) > FRESH else False
            if reply.status != 200:
                return None
            found, _ = parse.resource(reply.body, self._profile)
        except SourceError:
            return None
        if found != identifier:
            return None
        if not (self._knows and self._knows((identifier,))):
            self._take(self._one_row(reply.body), number, self._path(identifier), reply)
        return True

    def alone(self, identifier: str) -> Page:
        """One resource by its id, read as a page of one row.

        :raises SourceError: it cannot be had.
        """
        reply = self.single(identifier)
        if reply.status != 200:
            raise Refused(f"GET by id answered {reply.status}", status=reply.status, source=self._source)
        return self._page_of(reply.body)

    def _path(self, identifier: str) -> str:
        return f"/{self._kind}/{segment(identifier)}"

    def _single(self, identifier: str) -> tuple[Reply, int]:
        return self._get(self._path(identifier))

    def _get(self, target: str, params: Mapping[str, str] | None = None) -> tuple[Reply, int]:
        reply, number = self._client.get(target, params)
        if observed.age(reply.headers) > FRESH:
            self.deviations[OLD] += 1
        return reply, number

    def _page_of(self, resource: bytes) -> Page:
        return parse.page(_BEFORE + resource.removeprefix(_BOM) + b"]}", self._profile, self._kind)

    def _one_row(self, resource: bytes) -> Page:
        """A resource that is known to exist as a page: where nobody can read it as a row, a rejected one."""
        try:
            page = self._page_of(resource)
        except Malformed as error:
            return Page(ids=[None], rejected=[Rejection(0, error.message, hashlib.sha256(resource).hexdigest()[:16])])
        page.total = None  # nobody said how many there are
        return page

    def _page(self, target: Target, knows: Knows | None) -> Page:
        if isinstance(target, str):
            reply, number = self._get(target)
        else:
            reply, number = self._get(f"/{self._kind}", {**target, **self._extra})
        if reply.status != 200:
            scim_type, detail = _error(reply.body)
            raise Refused(
                f"/{self._kind} answered {reply.status}" + (f": {detail}" if detail else ""),
                status=reply.status,
                scim_type=scim_type,
                source=self._source,
                hint=self._hint(reply.status),
            )
        try:
            page = parse.page(reply.body, self._profile, self._kind, knows)
        except Malformed as error:
            if _past_the_end(reply.body, target):
                return Page()
            raise Malformed(
                f"/{self._kind}: {error.message}",
                source=self._source,
                hint=error.hint or self._profile.disabled_looks_like or "check that base_url is the app's SCIM address",
            ) from error
        self._take(page, number, target, reply)
        return page

    def _take(self, page: Page, number: int, target: Target, reply: Reply) -> None:
        self.media_types[reply.headers.get("content-type", "").partition(";")[0].strip().lower()] += 1
        self.deviations.update(page.deviations)
        self.rejected += len(page.rejected)
        self._took(page, number, target, reply.body)

    def _hint(self, status: int) -> str:
        meant = self._profile.errors.get(str(status), "")
        return meant or (self._profile.disabled_looks_like if status == 404 else "")


def _past_the_end(body: bytes, target: Target) -> bool:
    """Whether a page without ``Resources`` was asked for beyond the total it states, where leaving them out is natural.

    RFC 7644 section 3.4.2 demands them while the total is not zero; servers are seen to leave them out.
    """
    if isinstance(target, str) or "startIndex" not in target:
        return False
    found = _loaded(body)
    total = found.get("totalResults") if isinstance(found, dict) else None
    no_rows = isinstance(found, dict) and "schemas" in found and found.get("Resources") is None
    return no_rows and type(total) is int and 0 < total < int(target["startIndex"])


def _loaded(body: bytes) -> Any:
    """What an answer without rows says; one beyond a MiB says nothing, and would cost a hundred times as much."""
    if len(body) > _LARGEST:
        return None
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None


def _error(body: bytes) -> tuple[str, str]:
    """``scimType`` and ``detail`` of an error reply: RFC 7644 section 3.12, or the ``Errors`` list of SCIM 1.1."""
    found = _loaded(body)
    if not isinstance(found, dict):
        return "", ""
    old = found.get("Errors")
    if isinstance(old, list) and old and isinstance(old[0], dict):
        return "", _text(old[0].get("description"))
    return _text(found.get("scimType")), _text(found.get("detail"))


def _text(value: object) -> str:
    return value[:_LONGEST] if isinstance(value, str) else ""
