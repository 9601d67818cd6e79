"""What a walk saw: the plain facts a verdict is made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from scimaudit.errors import Malformed
from scimaudit.sources import Outcome

Mode = Literal["index", "aligned", "cursor", "keyset", "dump"]
PastEnd = Literal["empty", "404", "400", "clamp", "repeat", "unknown"]


class PageLike(Protocol):
    """The parts of a parsed page that a walk looks at."""

    total: int | None
    next_cursor: str | None
    next_link: str | None
    next_id: str | None
    ids: list[str | None]


Fetch = Callable[[str | Mapping[str, str]], PageLike]
"""Fetches a page: parameters of the list endpoint, or an absolute URL that the server gave."""


class Refused(Malformed):
    """The server answered a list request with something else than 200.

    :param scim_type: ``scimType`` of RFC 7644 section 3.12, empty when there is none.
    """

    def __init__(self, message: str, *, status: int, scim_type: str = "", source: str = "", hint: str = "") -> None:
        super().__init__(message, source=source, hint=hint)
        self.status = status
        self.scim_type = scim_type


@dataclass(frozen=True)
class Cursor:
    """How a server pages by cursor.

    :param first: what the first request sends as the cursor; None sends nothing.
    :param field: the attribute of the reply that holds the next cursor.
    :param end_marker: the word that stands for "no more"; None where the attribute is left out instead.
    """

    param: str = "cursor"
    first: str | None = None
    field: Literal["next_cursor", "next_id", "next_link"] = "next_cursor"
    end_marker: str | None = None


@dataclass(frozen=True)
class Plan:
    """How to walk one endpoint, made of a profile and of what discovery said.

    :param mode: how the profile says the server pages; None to find out.
    :param count: rows to ask for.
    :param order_promised: pages keep their order, so one pass is enough.
    :param quick: no second pass, no probes.
    :param sort_by: attribute to sort by, where the server honours it.
    :param sort_cure: attribute to try sorting by when pages come in no order.
    :param total_honest: ``totalResults`` is meant to be the number of rows; False where it is known not to be.
    :param align: page size to whose multiples the server rounds ``startIndex`` down, where known.
    :param total_cap: the number at which ``totalResults`` is said to stop; None where it is not.
    :param row_cap: the most rows the server ever gives, however it is asked.
    :param round_caps: numbers that are page or result limits, so that a total equal to one proves nothing.
    """

    mode: Mode | None = None
    count: int = 100
    order_promised: bool = False
    sort_by: str | None = None
    sort_cure: str | None = None
    total_honest: bool = True
    total_cap: int | None = None
    align: int | None = None
    start_base: int = 1
    start_ceiling: int | None = None
    row_cap: int | None = None
    round_caps: frozenset[int] = frozenset()
    past_end: PastEnd = "unknown"
    cursor: Cursor = Cursor()
    quick: bool = False


@dataclass(frozen=True)
class Check:
    """The outcome of one check and the words for it."""

    outcome: Outcome = "not-available"
    detail: str = "not looked at"


@dataclass
class Evidence:
    """What the walk of one endpoint saw.

    :param mode: how it was walked in the end.
    :param ids: distinct ids of the pass that counts, in the order received.
    :param totals: every ``totalResults`` of the attempt that counts, in the order received.
    :param faults: counter-evidence, in words; one is enough.
    :param contiguity: W2.
    :param end: W3.
    :param broken: something is wrong that moving data does not explain, so that another pass would only hide it.
    :param gone: ids that another pass had and the pass that counts had not.
    :param told: the largest ``totalResults`` of a pass that was begun again.
    :param linked: the server named its pages by URL.
    :param sizes: the page sizes asked for.
    :param align: the page size of an aligned walk.
    """

    mode: Mode
    ids: dict[str, None] = field(default_factory=dict)
    totals: list[int] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    contiguity: Check = Check()
    end: Check = Check()
    broken: bool = False
    gone: tuple[str, ...] = ()
    told: int = 0
    linked: bool = False
    pages: int = 0
    sizes: tuple[int, ...] = ()
    align: int | None = None
    notes: list[str] = field(default_factory=list)
