"""The block of ``scimaudit.toml`` that a profile suggests: what to fill in, what to ask for, what to beware of."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from typing import Final

from scimaudit.sources.scim.profile import Profile

_WIDTH: Final = 118
_SIGN_IN: Final = {
    "bearer": "token = {{ env = {token} }}",
    "oauth2": (
        'oauth2 = {{ token_url = "https://fill-in.example/token", client_id = "fill-in", '
        "secret = {{ env = {token} }} }}"
    ),
    "basic": 'basic = {{ user = "fill-in", password = {{ env = {token} }} }}',
    "header": 'headers = {{ "X-Fill-In" = {{ env = {token} }} }}',
    "api_key": 'headers = {{ "X-Fill-In" = {{ env = {token} }} }}',
}
"""Ways to sign in, the plainest first."""


def block(profile: Profile) -> str:
    """``[apps.ID]`` with one SCIM listing and, commented, the second listing that closes what SCIM leaves open.

    What has to be filled in says so (``fill-in``, or ``{braces}`` in the address); the text loads as it stands.
    """
    name = profile.id
    token = _text(f"{name.upper().replace('-', '_')}_SCIM_TOKEN")
    way = next((kind for kind in _SIGN_IN if kind in profile.auth.kinds), "bearer")
    lines = [
        *_said(
            f"{profile.name}, SCIM {' and '.join(profile.versions)}. "
            f"All that is known of it: scimaudit providers {name}"
        ),
        f"[apps.{name}]",
        'owner = ""  # mail address of who answers for the app',
        *_said(
            "seats = 123 proves that nothing is hidden. Where to have the number: "
            f"{profile.second_inventory or 'not known'}."
        ),
        "",
        f"[[apps.{name}.listings]]",
        'source = "scim"',
        f"provider = {_text(name)}",
        f"base_url = {_text(profile.base_url or 'https://fill-in.example/scim/v2')}",
        _SIGN_IN[way].format(token=token),
        *(line for sentence in _rights(profile) for line in _said(sentence)),
        *(line for sentence in _holes(profile) for line in _said(sentence)),
    ]
    if profile.list_side_effect:
        lines += ["# consent_to_side_effects = true", *_said(f"Listing changes something: {profile.list_side_effect}")]
    return "\n".join([*lines, "", *_second(profile)]) + "\n"


def _rights(profile: Profile) -> Iterator[str]:
    auth = profile.auth
    yield f"Ask for: {', '.join(auth.scopes) or 'whatever reads users and groups; the scopes are not known'}."
    yield {
        "yes": "A token that only reads is enough.",
        "no": "No token that only reads can list; keep this one where nobody else reads it.",
        "unknown": "Whether a token that only reads is enough is not known; try that first.",
    }[auth.read_only]
    if auth.note:
        yield auth.note
    yield {
        "separate": "A second token leaves the identity provider's as it is.",
        "replaces": "WARNING: a new SCIM token replaces the one that the identity provider provisions with, and "
        "provisioning stops. Share that one, or agree on the change with whoever runs provisioning.",
        "unknown": "Whether a new SCIM token replaces the one that the identity provider provisions with is not known: "
        "ask before you make one.",
    }[auth.second_token]


def _holes(profile: Profile) -> Iterator[str]:
    if profile.population == "unknown":
        yield "Whom /Users lists is not known: without seats, canaries or a second listing the scope stays unknown."
    elif profile.hidden:
        yield f"Not listed: {profile.hidden}"
    if profile.inactive == "removed":
        yield "Deactivated accounts leave the listing."
    if profile.active.absent_means == "unknown":
        yield "An account without active counts as unknown, never as inactive."
    if profile.groups.endpoint is False:
        yield "There is no /Groups: entitlements need a second listing."
    if not profile.last_login.paths:
        elsewhere = f" It is to be had here: {profile.last_login.native}." if profile.last_login.native else ""
        yield f"SCIM shows no last sign-in: dormant accounts are not evaluable without a second listing.{elsewhere}"


def _second(profile: Profile) -> list[str]:
    return [
        "# A second listing, from the console, closes what SCIM leaves open.",
        f"# [[apps.{profile.id}.listings]]",
        '# source = "csv"',
        *([f"# preset = {_text(profile.preset)}"] if profile.preset else []),
        f'# path = "exports/{profile.id}-members.csv"',
        '# exported_by = "fill-in"',
        "# exported_at = 2026-01-31",
        "# declared_total = 0",
        '# join_on = "emails"',
    ]


def _said(sentence: str) -> list[str]:
    return textwrap.wrap(sentence, _WIDTH, initial_indent="# ", subsequent_indent="# ", break_long_words=False)


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)
