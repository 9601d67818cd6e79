"""Tasks as a table, as the text of tickets, and as requests that a person can run: one set of files for each owner.

The requests are ``curl`` commands. Credentials are in none of them, nor on a command line where other users of the
machine see it: curl reads them from a file for each app, in the folder that ``$SCIM_HEADERS`` names.
"""

from __future__ import annotations

import io
import json
import re
import shlex
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import pyarrow as pa

from scimaudit.errors import RenderError
from scimaudit.remediation import NOBODY, Request, Task
from scimaudit.renderers import csv
from scimaudit.renderers.encode import show
from scimaudit.renderers.encode.file import device, stem
from scimaudit.snapshot.store import write_bytes

_LONGEST: Final = 120
"""Letters of a file name before its ending; systems take 255 bytes."""
_OURS: Final = "# What SCIM can do of the tasks of "
_HEAD: Final = f"""\
{_OURS}{{owner}}, by the audit {{audit}}.
# Look at each before you run it, and pull again afterwards: no answer of 200 closes a task, a later whole listing does.
#
# A request that fails is named at the end; the others are sent all the same.
#
# curl reads your credentials from a file for each app, so that no command line shows them:
#   export SCIM_HEADERS=~/scim-headers    (a folder that only you can read; its file {{app}} holds a line such as
#   Authorization: Bearer …, of a token that may write)
set -u
failed=""
"""
_TAIL: Final = """\
[ -z "$failed" ] || { echo "not done:$failed" >&2; exit 1; }
"""


def table(tasks: Sequence[Task]) -> pa.Table:
    """One row per task; texts joined with semicolons where there are several."""
    columns = {
        "id": [task.id for task in tasks],
        "severity": [task.severity for task in tasks],
        "owner": [task.owner for task in tasks],
        "app": [task.app for task in tasks],
        "account": [task.account for task in tasks],
        "account_id": [task.account_id for task in tasks],
        "person": [task.person for task in tasks],
        "what": [task.what for task in tasks],
        "attribute": [task.attribute for task in tasks],
        "right": [task.display or task.value for task in tasks],
        "decide_first": ["yes" if task.decide else "no" for task in tasks],
        "action": [task.action for task in tasks],
        "reasons": ["; ".join(task.reasons) for task in tasks],
        "since": [f"{task.since:%Y-%m-%dT%H:%M:%SZ}" for task in tasks],
        "claimed": [task.claimed for task in tasks],
        "requests": [" | ".join(f"PATCH {each.url} {body(each)}" for each in task.requests) for task in tasks],
        "no_request_because": [task.silent for task in tasks],
    }
    return pa.table({name: pa.array(cells, pa.string()) for name, cells in columns.items()})


def body(request: Request) -> str:
    """The request's JSON in ASCII, so that nothing in it can play with a terminal or a shell's quotes."""
    return json.dumps(request.body, separators=(",", ":"))


def ticket(task: Task) -> str:
    """A task as the text of a ticket."""
    lines = [
        f"[{task.severity}] {task.title}",
        "",
        f"Do: {task.action}",
        *([f"Account: {task.account}, id {task.account_id}, in {task.app}"] if task.account_id else []),
        *([f"Person: {task.person}, id {task.person_id}"] if task.person_id else []),
        *(["Decide first whether it is to be done at all."] if task.decide else []),
        *(f"Why: {reason}" for reason in task.reasons),
        *([f"Findings: {', '.join(task.findings)}"] if task.findings else []),
        *([f"Reviewed items: {', '.join(task.decisions)}"] if task.decisions else []),
        f"Known since: {task.since:%Y-%m-%d}",
        *([f"Said to be done by {task.claimed}"] if task.claimed else []),
        *(f"Request: PATCH {each.url} {body(each)}" for each in task.requests),
        *(f"Mind: {note}" for note in _notes(task)),
        *([f"No request: {task.silent}"] if task.silent else []),
        "Done when: a later audit, on whole listings, no longer shows it.",
        *(f"To say that it is done: {name},{_CLAIM}" for name in task.findings[:1]),
    ]
    return "\n".join(show(line) for line in lines) + "\n"


_CLAIM: Final = "remediation-claimed,YOUR@MAIL,YYYY-MM-DD,,TICKET as a line of policy/dispositions.csv"


def _told(tasks: Sequence[Task]) -> list[Task]:
    """Those that a request reaches."""
    return [task for task in tasks if task.requests]


def _notes(task: Task) -> list[str]:
    """What is known of such requests at the provider, each thing once."""
    return list(dict.fromkeys(each.note for each in task.requests if each.note))


def script(tasks: Sequence[Task], owner: str, audit: str) -> str:
    """The requests of one owner's tasks as commands; what somebody has to decide first is commented out."""
    told = _told(tasks)
    parts = [_HEAD.format(owner=show(owner), audit=audit, app=told[0].app)] if told else []
    for task in told:
        first = ["# Decide first; then take the marks away from its lines."] if task.decide else []
        lines = [f"# {show(task.title)}", *(f"# {show(reason)}" for reason in task.reasons), *first]
        lines += [f"# {show(note)}" for note in _notes(task)]
        for each in task.requests:
            form = " (in the form of RFC 7644; the provider's own is not known)" if each.rfc else ""
            lines.append(f"# {show(each.says)}{form}")
            lines += [("# " if task.decide else "") + line for line in command(each, task.id).split("\n")]
        lines += [f"# not reached by a request: {show(task.silent)}"] if task.silent else []
        parts.append("\n".join(lines) + "\n")
    return "\n".join([*parts, _TAIL] if told else [])


def command(request: Request, task: str) -> str:
    """One request as a curl command, which follows no redirect; on any status from 400 on it notes the task's id."""
    return (
        f"curl --fail-with-body --silent --show-error --globoff --request PATCH {shlex.quote(request.url)} \\\n"
        f"  --header @\"$SCIM_HEADERS\"/{request.app} --header 'Content-Type: application/scim+json' \\\n"
        f'  --data-raw {shlex.quote(body(request))} || failed="$failed "{shlex.quote(task)}'
    )


def write(tasks: Sequence[Task], audit: str, folder: Path) -> list[Path]:
    """Write for each owner ``NAME.csv``, ``NAME.txt`` (tickets) and, where there are requests, ``NAME.sh``.

    :param audit: id of the audit that the tasks are of.
    :returns: the files, by owner.
    :raises RenderError: a file cannot be written, or requests of another audit would stay beside these: whom they
        disable may be back by now.
    """
    written = []
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        _refuse_older(folder, audit, {f"{_stem(owner)}.sh" for owner, mine in by_owner(tasks) if _told(mine)})
        for owner, mine in by_owner(tasks):
            for ending, data in _files(mine, owner, audit):
                path = folder / f"{_stem(owner)}{ending}"
                write_bytes(data, path)
                written.append(path)
    except OSError as error:
        raise RenderError(f"{folder} cannot be written: {error.strerror or error}", hint="choose another") from error
    return written


def _refuse_older(folder: Path, audit: str, replaced: set[str]) -> None:
    for path in sorted(folder.glob("*.sh")):
        head = path.read_text("utf-8", errors="replace").partition("\n")[0]
        if path.name not in replaced and head.startswith(_OURS) and not head.endswith(f" {audit}."):
            raise RenderError(f"{path} holds requests of an earlier audit", hint="choose an empty folder, or remove it")


def by_owner(tasks: Sequence[Task]) -> list[tuple[str, list[Task]]]:
    """Each owner's tasks, in the order given; :data:`NOBODY` last for those that nobody answers for."""
    found: dict[str, list[Task]] = {}
    for task in tasks:
        found.setdefault(task.owner or NOBODY, []).append(task)
    return sorted(found.items(), key=lambda each: (each[0] == NOBODY, each[0]))


def _files(tasks: Sequence[Task], owner: str, audit: str) -> Iterable[tuple[str, bytes]]:
    stream = io.BytesIO()
    csv.write(table(tasks), stream)
    yield ".csv", stream.getvalue()
    yield ".txt", "\n".join(map(ticket, tasks)).encode()
    commands = script(tasks, owner, audit)
    if commands:
        yield ".sh", commands.encode()


def _stem(owner: str) -> str:
    """An owner as a file name that no other owner has: what is not plain is written as its code point."""
    name = re.sub(r"^\.|[^a-z0-9.@-]", lambda found: f"_{ord(found[0]):x}_", owner)
    return stem(owner) if device(name) or len(name) > _LONGEST else name
