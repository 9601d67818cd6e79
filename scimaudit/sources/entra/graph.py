"""Microsoft Graph v1.0 lists: nextLink after nextLink on one origin, a token renewed on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from scimaudit.errors import Incomplete, Malformed, SourceError
from scimaudit.sources import Cost, _strict
from scimaudit.transport import Client, Denied

_MOST_PAGES: Final = 200_000


@dataclass(frozen=True)
class Row:
    """One object, and where it stands in the raw record."""

    data: Mapping[str, Any]
    body: int
    row: int


class Graph:
    """Asks one Graph.

    :param renew: has the client's next request carry a new token; called where one ran out.
    """

    def __init__(self, client: Client, renew: Callable[[], None], source: str) -> None:
        self._client, self._renew, self._source = client, renew, source

    def close(self) -> None:
        """Close the connection."""
        self._client.__exit__()

    @property
    def cost(self) -> Cost:
        """What was asked, with every token."""
        return self._client.cost

    @property
    def facts(self) -> dict[str, str]:
        """What was seen of Graph's encryption and throttling."""
        return self._client.facts

    def rows(self, path: str, params: Mapping[str, str] | None = None) -> Iterator[Row]:
        """Every object of a list; ``@odata.nextLink`` is followed as it stands, and on this origin only.

        An empty page with a link is no end (learn.microsoft.com/graph/paging).

        :raises Denied: consent or a licence is missing.
        :raises SourceError: the list cannot be had to its end.
        """
        target, query, seen = path, params, set[str]()
        for _ in range(_MOST_PAGES):
            document, body = self._document(target, query)
            values = document.get("value")
            if not isinstance(values, list) or not all(isinstance(value, dict) for value in values):
                raise Malformed(f"{path} answered without a list", source=self._source, hint="check cloud and tenant")
            for place, value in enumerate(values):
                yield Row(value, body, place)
            link = document.get("@odata.nextLink")
            if not link:
                return
            if not isinstance(link, str) or link in seen:
                raise Incomplete(f"{path} goes round in a circle", source=self._source, hint="try again")
            seen.add(link)
            target, query = link, None
        raise Incomplete(f"{path} did not end within {_MOST_PAGES} pages", source=self._source)

    def count(self, path: str, only: str = "") -> int | None:
        """The number that ``$count`` gives; None where it gives none.

        :param only: an OData ``$filter``.
        """
        try:
            reply, _ = self._asked(f"{path}/$count", {"$filter": only} if only else None)
        except SourceError:
            return None
        text = reply.body.removeprefix(b"\xef\xbb\xbf").strip()
        return int(text) if reply.status == 200 and text.isdigit() else None

    def _document(self, target: str, params: Mapping[str, str] | None) -> tuple[dict[str, Any], int]:
        reply, body = self._asked(target, params)
        try:
            document = _strict.loads(reply.body)
        except Malformed as error:
            raise Malformed(f"Graph: {error.message}", source=self._source) from error
        if reply.status != 200 or not isinstance(document, dict):
            code, message = refusal(reply.body)
            raise SourceError(
                f"Graph answered {reply.status} {code}: {message}".rstrip(": "),
                source=self._source,
                hint="a listing whose page token ran out must be begun anew" if "expired" in code.casefold() else "",
            )
        return document, body

    def _asked(self, target: str, params: Mapping[str, str] | None) -> tuple[Any, int]:
        try:
            return self._client.get(target, params)
        except Denied as error:
            if error.status != 401:
                raise
        self._renew()
        return self._client.get(target, params)


def refusal(body: bytes) -> tuple[str, str]:
    """Code and message of a Graph error."""
    try:
        error = orjson.loads(body).get("error")
        return str(error.get("code") or ""), str(error.get("message") or "")[:200]
    except (orjson.JSONDecodeError, AttributeError):
        return "", ""
