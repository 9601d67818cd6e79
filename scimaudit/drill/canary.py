"""A canary's life: made, changed, removed; each step is in the journal before it is sent."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import orjson

from scimaudit.config import Config
from scimaudit.drill.client import MARK, CanaryClient, NotOurs, Write
from scimaudit.drill.plan import Plan
from scimaudit.drill.record import Entry, Record, Step
from scimaudit.errors import ConfigError, SourceError
from scimaudit.snapshot.settings import network, told
from scimaudit.sources import Reply
from scimaudit.transport import segment, tls_context
from scimaudit.transport.proxy import with_password

_USER: Final = "urn:ietf:params:scim:schemas:core:2.0:User"
_ENTERPRISE: Final = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
_PATCH: Final = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
_PATHS: Final[Mapping[str, str]] = {
    "given_name": "name.givenName", "family_name": "name.familyName", "display_name": "displayName", "title": "title",
    "user_type": "userType", "department": f"{_ENTERPRISE}:department",
    "employee_number": f"{_ENTERPRISE}:employeeNumber",
}  # fmt: skip
_TRIES: Final = 3
"""How often one looks for a canary whose POST got no answer: it may still be on its way."""
_COMES: Final = timedelta(minutes=10)
"""For so long a canary that nothing shows may still come: a gateway gave up, or the server answers by an older copy."""


@dataclass(frozen=True)
class Target:
    """Where the canary is written.

    :param name: an app, or ``rosters.NAME``.
    """

    name: str
    base_url: str
    settings: Any


def target(plan: Plan, config: Config) -> Target:
    """Where the plan's canary goes.

    :raises ConfigError: the plan is of a person, says no target, or the configuration does not consent.
    """
    if plan.canary is None:
        raise ConfigError("the plan is of a person; a drill writes a canary and nobody else", hint="drill observe it")
    name = plan.canary.to
    if not name:
        raise ConfigError("the plan does not say where its canary goes", hint='add to = "an app" to [canary]')
    if name not in config.drill.write_to:
        raise ConfigError(
            f"the configuration does not consent to writing to {name}",
            hint=f'[drill] write_to = ["{name}"] and a token of its own in [drill.tokens] do',
        )
    return known_target(name, config)


def known_target(name: str, config: Config) -> Target:
    """A target by its name, whether or not new canaries may be made there.

    :raises ConfigError: the configuration does not know it.
    """
    if name.startswith("rosters."):
        found = [each.settings for each in config.rosters if f"rosters.{each.name}" == name and each.source == "scim"]
    else:
        found = [each.settings for each in config.app(name).listings if each.source == "scim"]
    if not found:
        raise ConfigError(f"{name} is not reached by SCIM")
    settings: Any = told(found[0], network(config))
    return Target(name, settings.base_url, settings)


def new_mark() -> str:
    """A mark that nobody else has."""
    return MARK + secrets.token_hex(16)


def user_name(mark: str, domain: str) -> str:
    """The canary's user name, by which other apps know it too."""
    return f"{mark}@{domain}"


def steps(plan: Plan, mark: str, account_id: str) -> list[Write]:
    """The requests of a whole run, in order.

    :param account_id: the canary's id; what the server will give it, where that is not known yet.
    """
    canary = plan.canary
    if canary is None:
        return []
    path = f"/Users/{segment(account_id)}"
    found = [Write("POST", "/Users", _body(mark, user_name(mark, canary.domain), canary.attributes))]
    if plan.kind == "leaver":
        found.append(Write("PATCH", path, _patched({"active": False})))
    if plan.kind == "mover":
        found.append(Write("PATCH", path, _patched({_PATHS[name]: text for name, text in canary.becomes.items()})))
    return [*found, Write("DELETE", path)]


def client(
    where: Target, config: Config, mark: str, now: Callable[[], datetime], sleep: Callable[[float], None]
) -> CanaryClient:
    """A client that writes this run's canary there.

    :raises ConfigError: there is no token to write with.
    """
    secret = config.drill.tokens.get(where.name)
    if secret is None:
        raise ConfigError(f"there is no token to write to {where.name} with", hint="name it in [drill.tokens]")
    settings = where.settings
    return CanaryClient(
        where.base_url,
        token=secret.resolve(config.base).get_secret_value(),
        mark=mark,
        now=now,
        sleep=sleep,
        verify=tls_context(
            config.base / settings.ca if settings.ca else None,
            config.base / settings.certificate if settings.certificate else None,
        ),
        proxy=with_password(settings.proxy, settings.proxy_password, config.base),
        source=where.name,
    )


@dataclass(frozen=True)
class Life:
    """One canary: its journal, and the client that writes it."""

    record: Record
    where: Target
    mark: str
    user_name: str
    client: CanaryClient
    now: Callable[[], datetime]
    sleep: Callable[[float], None]

    def make(self, write: Write) -> str:
        """Make the canary.

        :returns: its id at the target.
        :raises SourceError: it was not made, or nobody knows.
        """
        self._note("create")
        reply = self.client.create(write)
        if reply.status != 201:
            # A server that fails, or takes it for later, may make the canary yet.
            if 300 <= reply.status < 500 and reply.status != 408:
                self._note("refused", said=f"status {reply.status}")
            raise SourceError(f"{self.where.name} made no canary: {_said(reply)}", source=self.where.name)
        account_id = _id(reply) or next(iter(self.client.search(self.user_name)), "")
        self._note("created", account_id)
        found = self.client.read(account_id) if account_id else None
        if found is None or not self.client.ours(found):
            raise NotOurs(
                f"{self.where.name} does not keep the canary's externalId; a drill cannot tell it from other accounts",
                source=self.where.name,
                hint=f"remove {self.user_name} by hand",
            )
        return account_id

    def change(self, write: Write, account_id: str) -> None:
        """Change the canary: it leaves, or moves.

        :raises SourceError: it was not changed, or nobody knows.
        """
        self._note("change", account_id)
        reply = self.client.change(write, account_id, known=self._known())
        if reply.status not in (200, 202, 204):
            raise SourceError(f"{self.where.name} did not change the canary: {_said(reply)}", source=self.where.name)
        self._note("changed", account_id)

    def remove(self) -> str:
        """Remove whatever carries this run's mark, and look whether it is gone.

        :returns: what is left for a person to do; empty where nothing is.
        :raises SourceError: the server does not answer; the journal stays open.
        """
        foreign = []
        for account_id in sorted({*self._sought(), *self._known()}):
            found = self.client.read(account_id)
            if found is not None and not self.client.ours(found):
                foreign.append(account_id)
            elif found is not None:
                self._delete(account_id)
        left = self.client.search(self.user_name)
        if left:
            self._note("left", left[0], "the server keeps it")
            return f"{self.where.name} keeps the account {left[0]} ({self.user_name}): remove it by hand"
        if foreign:
            self._note("left", foreign[0], "it does not carry the mark")
            return f"{self.where.name}: {foreign[0]} does not carry this run's mark and was not touched: look at it"
        if self._may_come():
            return f"{self.where.name} shows no canary, and it may still come: scimaudit drill cleanup looks again"
        self._note("clean")
        return ""

    def _may_come(self) -> bool:
        """Whether the canary was asked for so lately that it is no proof of its end that nothing shows it."""
        entries = self.record.journal()
        asked = max(entry.at for entry in entries if entry.step in ("create", "created"))
        ended = any(entry.step in ("refused", "delete") for entry in entries)
        return not ended and self.now() - asked < _COMES

    def _delete(self, account_id: str) -> None:
        if account_id not in self._known():
            self._note("found", account_id)
        self._note("delete", account_id)
        path = f"/Users/{segment(account_id)}"
        reply = self.client.change(Write("DELETE", path), account_id, known=self._known())
        if reply.status not in (200, 202, 204, 404):
            # Where nothing can be deleted, what cannot sign in is the best that can be had.
            off = Write("PATCH", path, _patched({"active": False}))
            self.client.change(off, account_id, known=self._known())

    def _sought(self) -> list[str]:
        """Ids of everything that carries the mark, looked for again where a POST may still be on its way."""
        answered = any(entry.step in ("created", "refused") for entry in self.record.journal())
        found = self.client.search(self.user_name)
        for pause in () if answered else range(1, _TRIES):
            if found:
                break
            self.sleep(pause)
            found = self.client.search(self.user_name)
        return found

    def _known(self) -> frozenset[str]:
        return frozenset(entry.account_id for entry in self.record.journal() if entry.account_id)

    def _note(self, step: Step, account_id: str = "", said: str = "") -> None:
        self.record.wrote(
            Entry(step, self.where.name, self.where.base_url, self.mark, self.user_name, self.now(), account_id, said)
        )


def _body(mark: str, name: str, attributes: Mapping[str, str]) -> dict[str, Any]:
    body: dict[str, Any] = {
        "schemas": [_USER],
        "externalId": mark,
        "userName": name,
        "name": {
            "givenName": attributes.get("given_name", "Canary"), "familyName": attributes.get("family_name", "Drill"),
        },
        "displayName": attributes.get("display_name", "Canary of an access drill"),
        "active": True,
        "emails": [{"value": name, "type": "work", "primary": True}],
    }  # fmt: skip
    for column, path in _PATHS.items():
        if column in attributes and "." not in path:
            body[path] = attributes[column]
        elif column in attributes and path.startswith(_ENTERPRISE):
            body.setdefault(_ENTERPRISE, {})[path.rpartition(":")[2]] = attributes[column]
    if _ENTERPRISE in body:
        body["schemas"].append(_ENTERPRISE)
    return body


def _patched(values: Mapping[str, object]) -> dict[str, Any]:
    operations = [{"op": "replace", "path": path, "value": value} for path, value in values.items()]
    return {"schemas": [_PATCH], "Operations": operations}


def _id(reply: Reply) -> str:
    try:
        found = orjson.loads(reply.body)
    except orjson.JSONDecodeError:
        return ""
    account_id = found.get("id") if isinstance(found, dict) else None
    return account_id if isinstance(account_id, str) else ""


def _said(reply: Reply) -> str:
    return f"status {reply.status} {reply.body[:200].decode('utf-8', 'replace')}".strip()
