"""The first ``scimaudit.toml``: commented, valid, and short enough to read."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

from scimaudit.errors import ConfigError

_TEMPLATE = """\
# scimaudit.toml: what is audited, and against what. Paths are relative to this file.
# scimaudit check says what is missing; scimaudit schema gives editors the whole list of keys.

[audit]
organisation = {organisation}
time_zone = "UTC"              # where end dates end, such as "Europe/Berlin"
fail_on = "high"               # scimaudit run ends with 1 when a finding is at least this severe

# The system of record: who works here. Several rosters are merged in the order they stand in.
[rosters.hr]
source = {source}
path = {roster}
# as_of = "2026-01-31"         # when the file was true; without it its age is unknown, and unknown never passes
# declared_total = 1234        # rows that HR says it holds: proves that the export is whole
# columns = {{ employee_number = "Personnel No", user_name = "Login", emails = "Mail", status = "State" }}
# status = {{ active = ["A"], terminated = ["T", "Left"], leave = ["L"] }}

# One app. Delete what it does not need, and copy the block for the next app.
# [apps.slack]
# owner = "collab-owner@example.com"
# regulated = ["sox"]                     # raises the severity of what is found in it
# external_id_is = "employee_number"      # what externalId holds, if it holds a roster column
# privileged = ["*admin*", "*owner*"]     # rights that give power over the app
# seats = 412                             # what the app's console shows: proves that nothing is hidden
# register = {{ sign_in = "saml", create = "scim", disable = "scim", entitlement_removal = "manual" }}
#
# [[apps.slack.listings]]
# source = "scim"
# provider = "slack"
# base_url = "https://api.slack.com/scim/v2"
# token = {{ env = "SLACK_SCIM_TOKEN" }}    # or {{ file = "…" }} (chmod 600) or {{ command = "…" }}
#
# [[apps.slack.listings]]                 # a second inventory: the member export from the console
# source = "csv"
# path = "exports/slack-members.csv"
# exported_by = "j.doe"
# exported_at = "2026-01-31"
# declared_total = 412
# join_on = "emails"

# An app that nobody can list yet. It is reported as not audited, so that nobody forgets it.
# [apps.fax]
# reason = "the vendor has no export"

# Rules and their settings: docs/rules.md
# [rules.dormant]
# days = 90
"""


def write(path: Path, *, roster: str, organisation: str, force: bool) -> list[Path]:
    """Write the configuration and put the store into ``.gitignore`` beside it.

    :param roster: the HR export's path; ``.xlsx`` chooses the source ``xlsx``, ``.json`` the source ``json``.
    :returns: the files written or added to.
    :raises ConfigError: the file is there and ``force`` is false, or cannot be written.
    """
    ending = Path(roster).suffix.lower().lstrip(".")
    source = ending if ending in ("xlsx", "json") else "csv"
    text = _TEMPLATE.format(organisation=json.dumps(organisation), source=json.dumps(source), roster=json.dumps(roster))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if force:
            path.unlink(missing_ok=True)
        _made(path, text)
        return [path, *_ignored(path.parent / ".gitignore")]
    except FileExistsError as error:
        raise ConfigError(f"{path} is there already", hint="--force writes over it") from error
    except OSError as error:
        raise ConfigError(f"{error.filename} cannot be written: {error.strerror}") from error


def _made(path: Path, text: str) -> None:
    """A new file; a link that waits in its place is not followed."""
    with path.open("x", encoding="utf-8") as file:
        file.write(text)


def blocks(providers: Sequence[str]) -> dict[str, str]:
    """The block of each provider, by name.

    :raises ConfigError: there is no profile of that name.
    """
    from scimaudit.sources.scim import profile
    from scimaudit.sources.scim.block import block

    return {name: block(profile.load(name)) for name in providers}


def add(path: Path, added: Mapping[str, str]) -> None:
    """Add apps at the end of a configuration; what stands there stays as it is.

    :raises ConfigError: the file cannot be read or written, is no TOML, or has one of the apps already.
    """
    try:
        text = path.read_text("utf-8")
        known = tomllib.loads(text).get("apps", {})
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not valid TOML: {error}", hint="correct it first") from error
    for name in added:
        if name in known:
            raise ConfigError(
                f"{path} has the app {name} already", hint=f"scimaudit providers {name} --block prints it"
            )
    gap = "" if text.endswith("\n") else "\n"
    draft = path.with_name(path.name + ".draft")
    try:
        draft.unlink(missing_ok=True)
        _made(draft, gap.join([text, ""]) + "".join(f"\n{block}" for block in added.values()))
        draft.replace(path)
    except OSError as error:
        raise ConfigError(f"{error.filename} cannot be written: {error.strerror}") from error


def _ignored(path: Path) -> list[Path]:
    """Add the store, which holds personal data, to a ``.gitignore`` that does not name it yet."""
    line = "scimaudit-data/"
    known = path.read_text("utf-8") if path.exists() else ""
    if line in known.splitlines():
        return []
    gap = "" if not known or known.endswith("\n") else "\n"
    path.write_text(f"{known}{gap}{line}\n", "utf-8")
    return [path]
