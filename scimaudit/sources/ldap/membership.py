"""Groups of a directory as grants: members by DN or by name, groups in groups, and Active Directory's primary group."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from scimaudit.sources.ldap.rows import dn_key
from scimaudit.sources.ldap.search import Entry
from scimaudit.sources.ldap.vendor import Vendor


@dataclass(frozen=True)
class Members:
    """Who is in which group.

    :param display: group DN to the name to show.
    :param direct: group DN to account ids.
    :param nested: group DN to the DNs of the groups in it.
    :param strangers: members that are neither a listed account nor a listed group.
    :param named: how many members were named in all.
    """

    display: Mapping[str, str | None]
    direct: Mapping[str, dict[str, None]]
    nested: Mapping[str, list[str]]
    strangers: tuple[str, ...]
    named: int


def members(groups: Sequence[Entry], accounts: Mapping[str, str], entries: Sequence[Entry], vendor: Vendor) -> Members:
    """Resolve the members of every group.

    :param accounts: :func:`~scimaudit.sources.ldap.rows.dn_key` of an account to its id.
    :param entries: the accounts' entries, for names and primary groups.
    """
    places = {dn_key(group.dn): group.dn for group in groups}
    by_name = {name: accounts[dn_key(e.dn)] for e in entries for name in e.texts("uid") if dn_key(e.dn) in accounts}
    direct: dict[str, dict[str, None]] = {group.dn: {} for group in groups}
    nested: dict[str, list[str]] = {group.dn: [] for group in groups}
    strangers: dict[str, None] = {}
    named = 0
    for group in groups:
        for dn in (dn for attribute in vendor.members for dn in group.texts(attribute)):
            named += 1
            key = dn_key(dn)
            if key in accounts:
                direct[group.dn][accounts[key]] = None
            elif key in places:
                nested[group.dn].append(places[key])
            else:
                strangers[dn] = None
        for name in group.texts(vendor.member_names) if vendor.member_names else ():
            named += 1
            if name in by_name:
                direct[group.dn][by_name[name]] = None
            else:
                strangers[name] = None
    if vendor.primary_group:
        _primary(groups, entries, accounts, vendor, direct)
    display = {group.dn: next(iter(group.texts("cn")), None) for group in groups}
    return Members(display, direct, nested, tuple(strangers), named)


def _primary(
    groups: Sequence[Entry],
    entries: Sequence[Entry],
    accounts: Mapping[str, str],
    vendor: Vendor,
    direct: dict[str, dict[str, None]],
) -> None:
    """Active Directory leaves the primary group out of ``member``: it is named by the last part of its SID."""
    by_rid = {}
    for group in groups:
        for attribute in vendor.sids:
            for value in group.attributes.get(attribute.lower(), ())[:1]:
                raw = value if isinstance(value, bytes) else value.encode()
                if len(raw) >= 12:
                    # [MS-DTYP] 2.4.2: the last four bytes of a SID are the relative id, little-endian.
                    by_rid[str(struct.unpack("<I", raw[-4:])[0])] = group.dn
    for entry in entries:
        for rid in entry.texts("primaryGroupID"):
            if rid in by_rid and (key := dn_key(entry.dn)) in accounts:
                direct[by_rid[rid]][accounts[key]] = None
