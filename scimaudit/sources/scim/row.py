"""Reading one row whose spelling or types may depart from the RFCs.

Names are compared without case (RFC 7643 section 2.1). An attribute that cannot be read costs that attribute alone and
is counted; one that stands twice in an object is ambiguous, so it is dropped rather than guessed.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

from scimaudit.sources.scim.columns import (
    ENTERPRISE,
    ENTERPRISE_1,
    Grant,
    Group,
    Member,
    User,
    addresses,
    display,
    extra,
    holding,
    roots,
    time,
)
from scimaudit.sources.scim.profile import Profile


def known(*names: str) -> dict[str, str]:
    """Names by their case-folded spelling."""
    return {name.casefold(): name for name in names}


_NAME: Final = known("formatted", "givenName", "familyName")
_VALUE: Final = known("value", "primary", "type", "display", "$ref")
_MANAGER: Final = known("value", "managerId", "$ref")
_WORK: Final = known("employeeNumber", "department", "manager", "title")
_META: Final = known("created", "lastModified")
_ROW: Final = known(
    "id", "externalId", "userName", "name", "displayName", "title", "userType", "active", "emails", "groups", "roles",
    "entitlements", "meta", "members", "employeeNumber", "department", "manager", ENTERPRISE, ENTERPRISE_1,
)  # fmt: skip

_DOTTED: Final = {
    f"{outer}{mark}{inner}".casefold(): (outer, inner)
    for outer, names, marks in (
        ("name", _NAME, "."),
        ("meta", _META, "."),
        (ENTERPRISE, _WORK, ".:"),
        (ENTERPRISE_1, _WORK, ".:"),
    )
    for inner in names.values()
    for mark in marks
}
"""Sub-attributes written as one flat name, such as ``name.formatted``, to where they belong."""

ROW_NAMES: Final = frozenset(_ROW) | frozenset(_DOTTED)
"""Names of a row that are read here, case-folded."""
TWICE: Final = object()
"""Value of a name that stands more than once in an object."""

_DIGITS: Final = re.compile(r"\s*[0-9]{1,18}\s*")
_TRUE: Final = frozenset({"true", "1"})
_FALSE: Final = frozenset({"false", "0"})


class Repeating(dict[str, Any]):
    """An object as decoded, in which some names stand more than once."""

    repeated: frozenset[str] = frozenset()


class Reader:
    """Reads the values of one page, counting what is odd about them."""

    def __init__(self, profile: Profile, deviations: Counter[str]) -> None:
        self._profile = profile
        self._deviations = deviations
        self._kept = {name.casefold(): name for name in roots(profile)}
        self._row = _ROW | self._kept
        self._kinds = {name.casefold(): kind for name, kind in profile.kinds.user_types.items()}

    def object(self, raw: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
        """The known attributes of an object under their canonical names; an ambiguous one is :data:`TWICE`."""
        repeated = {name.casefold() for name in raw.repeated} if isinstance(raw, Repeating) else set()
        found: dict[str, Any] = {}
        for spelling, value in raw.items():
            folded = spelling.casefold()
            name = names.get(folded)
            if name is None:
                continue
            if name != spelling:
                self._deviations["key-case"] += 1
            if name in found:
                repeated.add(folded)
            found[name] = value
        for folded in repeated & names.keys():
            self._deviations["duplicate-key"] += 1
            self._deviations[f"{names[folded]}-unreadable"] += 1
            found[names[folded]] = TWICE
        return found

    def row(self, raw: Mapping[str, Any]) -> dict[str, Any]:
        """The known attributes of a row, with flat names such as ``name.formatted`` put where they belong."""
        found = self.object(raw, self._row)
        for spelling, value in raw.items():
            place = _DOTTED.get(spelling.casefold())
            if place is not None:
                self._deviations["dotted-key"] += 1
                outer, inner = place
                held = found.get(outer)
                if held is None or isinstance(held, dict):
                    found[outer] = {inner: value, **(held or {})}
        return found

    def identity(self, found: Mapping[str, Any]) -> tuple[str | None, str]:
        """The row's id, or why it has none."""
        value = found.get("id")
        if isinstance(value, str) and value and not value.isspace() and _encodable(value):
            return value, ""
        if isinstance(value, int) and not isinstance(value, bool):
            self._deviations["id-as-number"] += 1
            return str(value), ""
        if value is None:
            return None, "the row has no id"
        return None, "the row has two ids" if value is TWICE else "the row's id is empty or unreadable"

    def count(self, envelope: Mapping[str, Any], name: str) -> int | None:
        """A number of the envelope; digits in a text are accepted."""
        value = envelope.get(name)
        if isinstance(value, str) and _DIGITS.fullmatch(value):
            self._deviations["number-as-string"] += 1
            return int(value)
        if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
            return value
        if value is not None:
            self._unreadable(name, value)
        return None

    def text(self, found: Mapping[str, Any], name: str) -> str | None:
        """A single text; a whole number is accepted, for employee numbers and the like."""
        value = found.get(name)
        if value is None or value == "":
            return None
        if isinstance(value, str) and _encodable(value):
            return value
        if isinstance(value, int) and not isinstance(value, bool):
            self._deviations[f"{name}-as-number"] += 1
            return str(value)
        self._unreadable(name, value)
        return None

    def active(self, found: Mapping[str, Any]) -> bool | None:
        """``active`` in three values: what cannot be read is unknown, never false."""
        value = found.get("active")
        if isinstance(value, bool):
            return value
        if value is None:
            return self._profile.active_when_absent
        word = str(value).strip().casefold() if isinstance(value, (str, int)) else ""
        if word in _TRUE or word in _FALSE:
            self._deviations["active-as-string" if isinstance(value, str) else "active-as-number"] += 1
            return word in _TRUE
        self._unreadable("active", value)
        return None

    def part(self, found: Mapping[str, Any], name: str, names: Mapping[str, str]) -> dict[str, Any]:
        """A complex attribute, empty when it is absent or no object."""
        value = found.get(name)
        if isinstance(value, dict):
            return self.object(value, names)
        if value not in (None, "", []):
            self._unreadable(name, value)
        return {}

    def many(self, found: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
        """The elements of a multi-valued attribute as objects; texts and a single object are accepted."""
        value = found.get(name)
        if value is None or value in ("", []) or value is TWICE:
            return []
        if isinstance(value, (dict, str)):
            self._deviations[f"{name}-as-{'object' if isinstance(value, dict) else 'string'}"] += 1
            value = [value]
        elif not isinstance(value, list):
            self._unreadable(name, value)
            return []
        elif any(isinstance(element, str) for element in value):
            self._deviations[f"{name}-as-strings"] += 1
        elements = []
        for element in value:
            if isinstance(element, dict):
                elements.append(self.object(element, _VALUE))
            elif isinstance(element, (str, int)) and not isinstance(element, bool):
                elements.append({"value": element})
            else:
                self._unreadable(name, element)
        return elements

    def user(self, account_id: str, found: Mapping[str, Any], index: int) -> tuple[User, list[Grant]]:
        """The account of a row, and what the row says of its entitlements."""
        given, family, formatted = self._name(found)
        work, old = self.part(found, ENTERPRISE, _WORK), self.part(found, ENTERPRISE_1, _WORK)
        flat = {
            name: found[name] for name in ("employeeNumber", "department", "manager") if found.get(name) is not None
        }
        if flat:
            self._deviations["extension-attribute-in-core"] += 1
        meta = self.part(found, "meta", _META)
        more = extra(
            account_id, {name: found.get(name) for name in self._kept.values()}, self._profile, self._deviations
        )
        user_type = self.text(found, "userType")
        kind = self._kinds.get(user_type.casefold()) if user_type else None
        user = User(
            account_id=account_id,
            external_id=self.text(found, "externalId"),
            user_name=self.text(found, "userName"),
            emails=addresses((self.text(email, "value"), self._primary(email)) for email in self.many(found, "emails")),
            active=self.active(found),
            display_name=display(self.text(found, "displayName"), formatted, given, family),
            given_name=given,
            family_name=family,
            employee_number=self._first("employeeNumber", work, old, flat),
            department=self._first("department", work, old, flat),
            title=self._first("title", found, work, old),
            manager=self._manager(work) or self._manager(old) or self._manager(flat),
            user_type=user_type,
            created=time(meta.get("created"), "created", self._deviations),
            last_modified=time(meta.get("lastModified"), "lastModified", self._deviations),
            last_login=more.last_login,
            last_login_source=more.last_login_source,
            account_kind=more.kind or kind or self._profile.kinds.default,
            raw_row=index,
        )
        grants = [
            grant
            for attribute in ("groups", "roles", "entitlements")
            for element in self.many(found, attribute)
            if (grant := self._grant(account_id, attribute, element)) is not None
        ]
        return user, grants + more.grants

    def group(self, group_id: str, found: Mapping[str, Any]) -> Group:
        """The group of a row; its members are None where the row does not say."""
        elements = self.many(found, "members")
        members = [
            Member(self.text(m, "value"), self.text(m, "$ref"), self.text(m, "type"), self.text(m, "display"))
            for m in elements
        ]
        nobody = sum(member.value is None and member.ref is None for member in members)
        if nobody:
            self._deviations["members-unreadable"] += nobody
        # Only a list without elements says that nobody is in the group; a list nobody can read says nothing.
        empty = found.get("members") == []
        return Group(group_id, self.text(found, "displayName"), members if members or empty else None)

    def _unreadable(self, name: str, value: Any) -> None:
        if value is not TWICE:  # already counted
            self._deviations[f"{name}-unreadable"] += 1

    def _name(self, found: Mapping[str, Any]) -> tuple[str | None, str | None, str | None]:
        if isinstance(found.get("name"), str):
            formatted = self.text(found, "name")
            if formatted is not None:
                self._deviations["name-as-string"] += 1
            return None, None, formatted
        name = self.part(found, "name", _NAME)
        return self.text(name, "givenName"), self.text(name, "familyName"), self.text(name, "formatted")

    def _primary(self, email: Mapping[str, Any]) -> bool:
        value = email.get("primary")
        if isinstance(value, str) and value.strip().casefold() in _TRUE | _FALSE:
            self._deviations["primary-as-string"] += 1
            return value.strip().casefold() in _TRUE
        if value not in (None, True, False):
            self._unreadable("primary", value)
        return value is True

    def _first(self, name: str, *parts: Mapping[str, Any]) -> str | None:
        """The attribute from the first part that has it."""
        return next((text for part in parts if (text := self.text(part, name)) is not None), None)

    def _manager(self, part: Mapping[str, Any]) -> str | None:
        if not isinstance(part.get("manager"), str):
            manager = self.part(part, "manager", _MANAGER)
            return self.text(manager, "value") or self.text(manager, "managerId")
        name = self.text(part, "manager")
        if name is not None:
            self._deviations["manager-as-string"] += 1
        return name

    def _grant(self, account_id: str, attribute: str, element: Mapping[str, Any]) -> Grant | None:
        """The grant an element stands for; without a value it is known by the end of its $ref, else by its name."""
        value, shown = self.text(element, "value"), self.text(element, "display")
        if value is None:
            reference = self.text(element, "$ref") or ""
            value = reference.rstrip("/").rpartition("/")[2] or shown
            if value is None:
                return None
            self._deviations[f"{attribute}-without-value"] += 1
        kind = holding(self.text(element, "type")) if attribute == "groups" else "direct"
        return Grant(account_id, attribute, value, shown, kind)


def _encodable(text: str) -> bool:
    """Whether the text holds no lone surrogate, which JSON can spell and no table can keep."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
