"""Which heading of a file is which column of ours: declared, or recognised by a common name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Final

from scimaudit.errors import Malformed

HEADER_WITHIN: Final = 20
"""The header must stand within this many rows from the top."""

KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "people": ("person_id", "employee_number", "user_name", "emails"),
    "accounts": ("account_id", "external_id", "user_name", "emails"),
}
"""Columns that can name a row, in order of precedence."""

GRANT_COLUMNS: Final = ("groups", "roles", "entitlements", "licenses")

_EMAIL = (
    "email emails mail emailaddress workemail workmail businessemail companyemail primaryemail emailprimarywork "
    "emailsvalue"
)
_NUMBER = (
    "employeenumber employeeno employeeid empno empid personnelnumber personnelno personalnummer staffid staffnumber"
)
_NAMES = {
    "display_name": "displayname",
    "name": "name fullname employeename workername nameformatted",
    "given_name": "givenname firstname forename vorname namegivenname",
    "family_name": "familyname lastname surname nachname namefamilyname",
    "department": "department departmentname dept abteilung",
    "title": "title jobtitle position",
}
_LOGIN = "username login loginname userprincipalname upn samaccountname"

# Headings with letters and digits only, in lower case. What could mean two things (State, Manager as a name, Last seen)
# is left out: it must be declared.
COMMON: Final[Mapping[str, Mapping[str, str]]] = {
    "people": {
        "person_id": "personid workerid",
        "employee_number": _NUMBER,
        "user_name": _LOGIN,
        "emails": _EMAIL,
        "aliases": "aliases emailaliases proxyaddresses otheremails",
        **_NAMES,
        "status": "status employmentstatus employeestatus workerstatus",
        "worker_type": "workertype employmenttype employeetype",
        "start_date": "startdate hiredate dateofhire eintritt eintrittsdatum",
        "end_date": "enddate terminationdate lastday lastworkingday leavedate austritt austrittsdatum",
        "previous_end_date": "previousenddate previousterminationdate",
        "previous_department": "previousdepartment formerdepartment",
        "previous_title": "previoustitle formertitle",
        "moved_on": "movedon",
        "manager_id": "managerid manageremployeeid managernumber managerpersonid supervisorid",
        "location": "location worklocation office site",
        "company": "company companyname legalentity",
    },
    "accounts": {
        "account_id": "accountid userid id",
        "external_id": "externalid",
        "user_name": f"{_LOGIN} handle",
        "emails": _EMAIL,
        "active": "active isactive enabled accountenabled status accountstatus userstatus",
        **_NAMES,
        "employee_number": _NUMBER,
        "manager": "manager manageremail",
        "user_type": "usertype",
        "account_kind": "accountkind",
        "created": "created createdat createdon createddate datecreated creationdate",
        "last_modified": "lastmodified lastmodifieddate modified updatedat",
        "last_login": "lastlogin lastlogindate lastlogintime lastsignin lastsignindate lastlogon",
        "groups": "groups group groupsvalue",
        "roles": "roles role",
        "entitlements": "entitlements permissions",
        "licenses": "licenses licences license licence",
    },
}


@dataclass(frozen=True)
class Wanted:
    """What a source asks of a header.

    :param fills: ``people`` or ``accounts``.
    :param declared: column to heading, as configured; an empty heading switches a column off.
    :param others: further columns to heading: extras and the like; never recognised by a common name.
    :param optional: column to heading, looked for before the common names; it may be absent.
    :param origin: the preset that ``declared`` and ``optional`` come from, and its day.
    """

    fills: str
    declared: Mapping[str, str]
    others: Mapping[str, str]
    optional: Mapping[str, str] = field(default_factory=dict)
    origin: str = ""

    def score(self, cells: Sequence[str]) -> tuple[int, int, int]:
        """How much like the header a row is: declared headings in it, common ones, cells that are filled."""
        tight = {_tight(cell) for cell in cells}
        common = {word for words in COMMON[self.fills].values() for word in words.split()}
        hits = sum(_tight(heading) in tight for heading in self._headings().values())
        return hits, sum(_bare(cell) in common for cell in cells), sum(bool(cell.strip()) for cell in cells)

    def header_among(self, rows: Sequence[Sequence[str]]) -> int:
        """The index of the header: the row most like one, the first of them."""
        return max(range(len(rows)), key=lambda index: (*self.score(rows[index]), -index))

    def locate(self, header: Sequence[str]) -> dict[str, int]:
        """Column to index in ``header``.

        :raises Malformed: a declared heading is absent or stands there twice, a common one is ambiguous, or no column
            names the rows.
        """
        self._complete(header)
        found = {column: _find(header, heading, column) for column, heading in self._headings().items()}
        for column, heading in self.optional.items():
            places = [index for index, text in enumerate(header) if _tight(text) == _tight(heading)]
            if column not in self.declared and len(places) == 1:
                found[column] = places[0]
        taken = set(found.values())
        for column, words in COMMON[self.fills].items():
            if column in self.declared or column in found:
                continue
            places = [i for i, text in enumerate(header) if i not in taken and _bare(text) in words.split()]
            if len(places) > 1:
                raise Malformed(
                    f"{column} could be any of the headings {_listed(header[i] for i in places)}",
                    hint=f'say which: columns = {{ {column} = "{header[places[0]]}" }}, or "" for none',
                )
            if places:
                found[column] = places[0]
        if not set(KEYS[self.fills]) & set(found):
            raise Malformed(
                f"no column is known to be {_or(KEYS[self.fills])}; the headings are {_listed(header)}",
                hint='map one, for example columns = { emails = "…" }; headings merged over two rows cannot be read',
            )
        return found

    def _complete(self, header: Sequence[str]) -> None:
        """Name every heading that is absent, where there are several or a preset asked for them.

        :raises Malformed: some are.
        """
        there = {_tight(text) for text in header}
        absent = [f"{text!r} ({name})" for name, text in self._headings().items() if _tight(text) not in there]
        if not absent or (len(absent) == 1 and not self.origin):
            return
        raise Malformed(
            f"there are no headings {', '.join(absent)}; the headings are {_listed(header)}",
            hint=f"this is not the export that preset {self.origin} knows, or it has changed: say what the columns are "
            "called now, or leave the preset away"
            if self.origin
            else "headings are looked for by name, without regard to case and spaces",
        )

    def _headings(self) -> dict[str, str]:
        return {column: text for column, text in (*self.declared.items(), *self.others.items()) if text.strip()}


def _find(header: Sequence[str], heading: str, column: str) -> int:
    exact = [index for index, text in enumerate(header) if text == heading]
    places = exact or [index for index, text in enumerate(header) if _tight(text) == _tight(heading)]
    if len(places) == 1:
        return places[0]
    if places:
        raise Malformed(
            f"the heading {heading!r} ({column}) stands there {len(places)} times",
            hint="give each column a heading of its own, then export again",
        )
    near = get_close_matches(_tight(heading), [_tight(text) for text in header], n=1)
    meant = next((text for text in header if near and _tight(text) == near[0]), None)
    raise Malformed(
        f"there is no heading {heading!r} ({column}); the headings are {_listed(header)}",
        hint=f"did you mean {meant!r}?"
        if meant
        else "headings are looked for by name, without regard to case and spaces",
    )


def _tight(text: str) -> str:
    return "".join(text.split()).casefold()


def _bare(text: str) -> str:
    return re.sub(r"[\W_]+", "", text).casefold()


def _listed(texts: Iterable[str]) -> str:
    return ", ".join(repr(text) for text in texts if text)


def _or(words: Sequence[str]) -> str:
    return ", ".join(words[:-1]) + " or " + words[-1]
