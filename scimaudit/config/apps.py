"""``[apps.NAME]``: what the configuration says of an app."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Field, field_validator

from scimaudit import identifiers
from scimaudit.config.model import Model, Name, Severity

Mechanism = Literal["saml", "oidc", "password", "scim", "jit", "manual", "none"]
Tier = Literal["T1", "T2", "T3", "T4", "T5", "T6", "T7", "T8"]
_DOMAIN: Final = re.compile(r"[\w-]+(\.[\w-]+)*")


def _convention(text: str) -> str:
    if text.count("{date}") != 1:
        msg = f"{text!r} should hold {{date}} once, such as *-until-{{date}}"
        raise ValueError(msg)
    return text


NamedEnd = Annotated[str, AfterValidator(_convention)]


def _domain(text: str) -> str:
    domain = (identifiers.key(text) or "").removeprefix("@")
    if not _DOMAIN.fullmatch(domain):
        msg = f"{text!r} is no mail domain, such as corp.example"
        raise ValueError(msg)
    return domain


class Control(Model):
    """One control of an app's ``register``.

    :param by: its mechanisms; several where it has two writers.
    :param owner: who answers for it; otherwise the app's owner does.
    """

    by: tuple[Mechanism, ...] = Field(min_length=1, description="mechanisms; several where there are two writers")
    owner: str = Field("", description="mail address of who answers for it; default: the app's owner")

    @field_validator("by", mode="before")
    @classmethod
    def _one_or_several(cls, by: Any) -> Any:
        return (by,) if isinstance(by, str) else by

    @field_validator("by")
    @classmethod
    def _none_stands_alone(cls, by: tuple[Mechanism, ...]) -> tuple[Mechanism, ...]:
        if len(set(by)) != len(by) or ("none" in by and len(by) > 1):
            msg = f"{', '.join(by)} contradicts itself"
            raise ValueError(msg)
        return by


def _control(given: Any) -> Any:
    return {"by": given} if isinstance(given, (str, list, tuple)) else given


Controlled = Annotated[
    Control,
    BeforeValidator(_control, json_schema_input_type=Mechanism | tuple[Mechanism, ...] | Control),
]


class Register(Model):
    """``register``: who controls what in an app. Sign-in is governed apart from the life of the account.

    Each control is a mechanism, a list of mechanisms, or ``{ by = …, owner = … }``.
    """

    sign_in: Controlled | None = Field(None, description="how people sign in")
    create: Controlled | None = Field(None, description="what creates accounts")
    update: Controlled | None = Field(None, description="what changes their attributes")
    disable: Controlled | None = Field(None, description="what disables the accounts of leavers")
    entitlement_removal: Controlled | None = Field(None, description="what takes rights away")


class How(Model):
    """``how``: where in the app each control is worked, in its own words; findings say so in what to do."""

    sign_in: str = Field("", description="such as `Security › Password policy`")
    create: str = Field("", description="such as `People › Invite`")
    update: str = Field("", description="such as `People › Edit profile`")
    disable: str = Field("", description="such as `Setup › Users › Freeze`")
    entitlement_removal: str = Field("", description="such as `Setup › Groups`")


class ScopeAccepted(Model):
    """``scope_accepted``: an unproven scope that somebody answers for until a date. Shown, never called clean."""

    reason: str = Field(description="why the listing need not show every account")
    by: str = Field(description="mail address of whoever answers for it")
    until: date = Field(description="last day on which it counts")


class Canary(Model):
    """``canaries``: an account that must appear in the listing (witness W7)."""

    account_id: str | None = Field(None, description="its id in the app")
    user_name: str | None = Field(None, description="its user name, where the id is not known")
    made: Literal["scim", "hand"] = Field("scim", description="hand: made outside SCIM, so that seeing it proves scope")
    active: bool = Field(True, description="whether it is listed as active")


_DRIFT: Mapping[str, Severity] = {
    "emails": "medium",
    "given_name": "low",
    "family_name": "low",
    "department": "low",
    "title": "low",
}


class Drift(Model):
    """``drift``: attributes the roster should feed, each with the severity of a difference."""

    attributes: Mapping[str, Severity] = Field(
        default=_DRIFT,
        description="account column to severity; columns are compared with the person's column of the same name",
    )
    normalise: Mapping[str, Literal["exact", "text", "text-accents"]] = Field(
        default_factory=dict, description="how a column is compared; default text: white space and case do not count"
    )


class AppListing(Model):
    """``[[apps.NAME.listings]]``: one pull of one source. Keys beyond these belong to its source."""

    source: str = Field(description="what kind of source it is, as the sections below name them")
    join_on: Literal["account_id", "external_id", "user_name", "emails", "employee_number"] = Field(
        "user_name", description="how rows of a second listing find their account in the first"
    )
    acknowledged_rows: tuple[str, ...] = Field((), description="digests of rejected rows that somebody has looked at")
    settings: Any = Field(description="the source's own model")


class App(Model):
    """``[apps.NAME]``: one app."""

    name: Name
    owner: str = Field("", description="mail address of who answers for the app")
    delegates: tuple[str, ...] = Field((), description="mail addresses of who may approve exceptions beside the owner")
    title: str = Field("", description="name to show")
    regulated: tuple[str, ...] = Field(
        (), description="regimes it is in scope of, such as sox; raises severities by one"
    )
    reason: str = Field("", description="why it has no listing")
    external_id_is: str | None = Field(
        None, description="people column that externalId holds; tier T1 runs only where declared"
    )
    employee_number_digits: int | None = Field(
        None, ge=1, le=32, description="zero-pad employee numbers to this length before comparing"
    )
    match_local_part: bool = Field(False, description="let tier T4 compare the part before the at sign")
    domains: Mapping[str, str] = Field(default_factory=dict, description="old mail domain to new one (tier T5)")
    tiers: tuple[Tier, ...] = Field(
        ("T1", "T2", "T3", "T4", "T5", "T6", "T7", "T8"), description="correlation tiers to run"
    )
    roster_feeds: bool = Field(
        True, description="accounts are meant to come from the roster (drift and out-of-band apply)"
    )
    closed: bool = Field(False, description="an entitlement that no policy rule names is excess, not policy-silent")
    privileged: tuple[str, ...] = Field(
        (), description="patterns (* and ?) over entitlement names or ids that give power over the app"
    )
    ends_in_name: tuple[NamedEnd, ...] = Field(
        (), description="patterns over entitlement names that tell their last day, such as *-until-{date}"
    )
    non_human: tuple[str, ...] = Field(
        (),
        description="patterns over userName of accounts that are not human, such as svc-*; each wants a register line",
    )
    non_human_types: tuple[str, ...] = Field((), description="values of userType that accounts of machines carry")
    interactive_sign_ins: bool | None = Field(
        None, description="the sign-in times its listings tell are those of people at a screen; unknown unless said"
    )
    admin_accounts: tuple[str, ...] = Field(
        (), description="patterns over userName of second accounts that are declared, such as adm-*"
    )
    sla_hours: float = Field(24, ge=0, description="hours after an end date within which the account must be inactive")
    seats: int | None = Field(None, ge=0, description="number of accounts the app's console shows (witness W8)")
    canaries: tuple[Canary, ...] = Field((), description="accounts that must appear in the listing")
    scope_accepted: ScopeAccepted | None = Field(None, description="who answers for an unproven scope")
    control_register: Register = Field(Register(), alias="register", description="who controls what")
    how: How = Field(How(), description="where in the app each control is worked, in its own words")
    drift: Drift = Field(Drift(), description="attributes that must agree with the roster")
    listings: tuple[AppListing, ...] = Field((), description="where its accounts are listed; several are merged")

    @field_validator("domains")
    @classmethod
    def _as_keys(cls, given: Mapping[str, str]) -> Mapping[str, str]:
        """Domains as they stand in keys: two spellings of one must not leave a rule out in silence."""
        domains: dict[str, str] = {}
        for old, new in ((_domain(old), _domain(new)) for old, new in given.items()):
            if old in domains or old == new:
                msg = f"{old} moves to itself" if old == new else f"{old} stands twice"
                raise ValueError(msg)
            domains[old] = new
        return domains
