"""The SCIM endpoint through which an app's accounts can be put right, or why there is none."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from scimaudit.config import App
from scimaudit.remediation import Request
from scimaudit.snapshot.manifest import Collected
from scimaudit.snapshot.record import first_address
from scimaudit.snapshot.store import Snapshot
from scimaudit.sources import NO_ENTITLEMENTS
from scimaudit.sources.scim import profile as profiles
from scimaudit.sources.scim.profile import Profile
from scimaudit.tables import ENTITLEMENTS
from scimaudit.transport import segment

PATCH_OP: Final = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
_ENDPOINTS: Final = frozenset(
    ["Users", "Groups", "ServiceProviderConfig", "ServiceProviderConfigs", "ResourceTypes", "Schemas", ".search"]
)


@dataclass(frozen=True)
class Channel:
    """Where and how one app is written to.

    :param listing: the listing that showed the accounts, as :data:`scimaudit.tables.ACCOUNTS` names it in ``raw_file``.
    :param rights: why its rights cannot be taken away here; empty where they can.
    :param nameless: kinds of rights that the listing gives without a ``value`` now and then, so that what stands for it
        is a name or the end of a reference, which a request cannot be sure to mean the right by.
    """

    app: str
    base_url: str
    listing: str
    profile: Profile
    rights: str = ""
    nameless: frozenset[str] = frozenset()

    def disable(self, account_id: str) -> Request | str:
        """Switch an account off (RFC 7643 section 4.1.1 ``active``), or why that cannot be said."""
        form = self.profile.changes.disable
        if form == "none":
            return f"{self.profile.name} does not take a PATCH of active"
        value: dict[str, Any] = {"path": "active", "value": False} if form != "value" else {"value": {"active": False}}
        operation = {"op": "replace", **value}
        return self._request("Users", account_id, operation, "disable the account", rfc=form == "unknown")

    def leave(self, group: str, member: str, name: str) -> Request | str:
        """Take a member out of a group, or why that cannot be said.

        :param group: the group's id; ``name``: what it is called. ``member``: as the server spells it in ``members``.
        """
        if self.rights:
            return self.rights
        form = self.profile.changes.remove_member
        if form == "none":
            return f"{self.profile.name} does not take a PATCH of a group's members"
        if self.profile.groups.endpoint is False or self._own("groups"):
            return f"groups at {self.profile.name} are not, or not all, groups of SCIM"
        if "groups" in self.nameless and group == name:
            return f"the id of the group {name} is not known"
        operation: dict[str, Any] = {"op": "remove", "path": "members", "value": [{"value": member}]}
        if form != "value":
            operation = {"op": "remove", "path": f"members[value eq {_quoted(member)}]"}
        return self._request("Groups", group, operation, f"take it out of the group {name}", rfc=form == "unknown")

    def drop(self, account_id: str, attribute: str, value: str, name: str) -> Request | str:
        """Take a role or an entitlement from an account (RFC 7643 section 4.1.2), or why that cannot be said."""
        if self.rights:
            return self.rights
        if attribute == "licenses" or self._own(attribute):
            return f"{attribute} are no attribute of SCIM at {self.profile.name}"
        if attribute in self.nameless:
            return f"the listing gives {attribute} without a value, by which a request would name them"
        operation = {"op": "remove", "path": f"{attribute}[value eq {_quoted(value)}]"}
        return self._request("Users", account_id, operation, f"take {name} ({attribute}) away", rfc=True)

    def member(self, account_id: str, user_name: str) -> str:
        """The account as the server spells it among the members of a group."""
        return user_name if self.profile.groups.member_value == "user_name" and user_name else account_id

    def _own(self, attribute: str) -> bool:
        """Whether the provider has rights recorded as this attribute where SCIM has none."""
        return any(own.kind == attribute for own in self.profile.entitlements)

    def _request(self, kind: str, identifier: str, operation: dict[str, Any], says: str, *, rfc: bool) -> Request:
        url = f"{self.base_url.rstrip('/')}/{kind}/{segment(identifier)}"
        body = {"schemas": [PATCH_OP], "Operations": [operation]}
        note = f"{self.profile.name}: {self.profile.changes.note}" if self.profile.changes.note else ""
        return Request(self.app, url, body, says, rfc, note)


def channel(app: App | None, snapshot: Snapshot, collected: Sequence[Collected]) -> Channel | str:
    """The channel to one app, or why there is none.

    :param app: its configuration; ``None`` where it is no longer configured.
    :param collected: the app's listings in the snapshot.
    """
    if app is None:
        return "the app is no longer configured"
    if not collected or collected[0].source != "scim":
        return "the app's accounts were not listed by SCIM"
    first = collected[0]
    if first.listing is None:
        return "its SCIM listing failed"
    settings = app.listings[0].settings if app.listings and app.listings[0].source == "scim" else None
    if settings is None:
        return "its SCIM listing is no longer configured"
    # Ids are a server's own: at another address the same id may be somebody else's.
    address = first_address(snapshot.path / "raw" / first.raw)
    if not _below(address, settings.base_url):
        return "its accounts were listed at another address than the configuration has now"
    profile = profiles.load(settings.provider)
    if "2.0" not in profile.versions:
        return f"{profile.name} speaks SCIM 1.1"
    others = [each for each in collected[1:] if each.listing and each.listing.entitlements != NO_ENTITLEMENTS]
    rights = "the app's rights come from several listings" if others else ""
    nameless = {
        name for name in ENTITLEMENTS for note in first.listing.notes if note.startswith(f"{name}-without-value")
    }
    return Channel(app.name, settings.base_url, first.name, profile, rights, frozenset(nameless))


def _below(address: str, base_url: str) -> bool:
    """Whether an endpoint of SCIM at ``base_url`` was asked, and not one of a tenant below it."""
    base = base_url.rstrip("/") + "/"
    return address.startswith(base) and re.split("[/?]", address.removeprefix(base))[0] in _ENDPOINTS


def _quoted(text: str) -> str:
    """A filter's string, RFC 7644 section 3.4.2.2: as JSON spells it."""
    return json.dumps(text)
