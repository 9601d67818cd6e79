"""Who decides on an item: never who gains by it, never who gave it, and only who works here and is there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Final

import pandas as pd

from scimaudit.errors import ConfigError
from scimaudit.review.campaign import Basis, Item
from scimaudit.view import View
from scimaudit.view.columns import known_true
from scimaudit.view.holders import holders

ORDER: Final[tuple[Basis, ...]] = ("manager", "app-owner", "entitlement-owner")
_SHOWN: Final = 5


@dataclass(frozen=True)
class Person:
    """Somebody who can be asked."""

    person_id: str
    name: str
    mail: str


def at_work(view: View) -> Mapping[str, Person]:
    """The people who work here now and are not on leave, by person_id."""
    people = view.people
    there = people[known_true(people["current"]) & (people["status"].astype("str") == "active")]
    rows = there[["person_id", "display_name"]].astype("str").fillna("")
    mails = [list(each) if each is not None else [] for each in there["emails"].tolist()]
    return {
        person: Person(person, name or person, mail[0] if mail else "")
        for person, name, mail in zip(rows["person_id"], rows["display_name"], mails, strict=True)
    }


def eligible(item: Item, person_id: str) -> bool:
    """Whether a person may decide on an item."""
    return person_id not in item.subjects and person_id != item.granted_by


def assign(
    items: Sequence[Item],
    view: View,
    *,
    owners: Mapping[tuple[str, str, str], str],
    order: Sequence[Basis],
    fallback: str,
) -> list[Item]:
    """The items, each with its reviewer.

    :param owners: (app, attribute, value) to who answers for the right.
    :param order: the ways to find a reviewer, the first that gives one counts.
    :param fallback: mail address of who decides where none does.
    :raises ConfigError: nobody may decide on some item; names the first of them.
    """
    there = at_work(view)
    texts = {facts.owner for facts in view.facts.values() if facts.owner} | set(owners.values()) | {fallback}
    who = holders(view.people, (text for text in texts if text))["person_id"].dropna().to_dict()
    managers = view.people.set_index("person_id")["manager_id"].dropna().astype("str").to_dict()

    def candidates(item: Item) -> Iterable[tuple[Basis, str]]:
        found = {
            "manager": managers.get(item.person_id, ""),
            "app-owner": str(who.get(view.facts[item.app].owner, "")),
            "entitlement-owner": str(who.get(owners.get((item.app, item.attribute, item.value), ""), "")),
        }
        yield from ((basis, found[basis]) for basis in order)
        yield "fallback", str(who.get(fallback, ""))

    assigned, nobody = [], []
    for item in items:
        able = [(way, there[name]) for way, name in candidates(item) if name in there and eligible(item, name)]
        if not able:
            nobody.append(f"{item.app} {item.account} {item.display}".rstrip())
            continue
        way, person = able[0]
        told = {"reviewer": person.person_id, "reviewer_name": person.name, "reviewer_mail": person.mail, "basis": way}
        assigned.append(Item(**asdict(item) | told))
    if nobody:
        more = f" and {len(nobody) - _SHOWN} more" if len(nobody) > _SHOWN else ""
        raise ConfigError(
            f"nobody may decide on {', '.join(nobody[:_SHOWN])}{more}",
            hint="set [review] fallback to somebody at work who neither holds nor approved them",
        )
    return assigned


def named(view: View, text: str) -> Person:
    """The one person at work whom a text means.

    :raises ConfigError: it means nobody, several, or somebody who is not at work.
    """
    found = holders(view.people, [text])["person_id"].dropna()
    there = at_work(view)
    if found.empty or pd.isna(found.iloc[0]) or str(found.iloc[0]) not in there:
        raise ConfigError(f"{text} is nobody in the roster who is at work", hint="name a mail address or a number")
    return there[str(found.iloc[0])]
