"""How a deviation is put on a well-behaved server: a behaviour wraps a handler and returns another."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace

from tests.faults.directory import directory
from tests.faults.server import Answer, Handler, Request
from tests.faults.world import Resource, World

Behaviour = Callable[[Handler, World], Handler]
Turns = Callable[[int], bool]


def compose(world: World, behaviours: Sequence[Behaviour]) -> Handler:
    """The well-behaved server with every behaviour put on, the last one outermost."""
    handler = directory(world)
    for behaviour in behaviours:
        handler = behaviour(handler, world)
    return handler


def is_list(request: Request, resource: str | None = None) -> bool:
    """Whether a request lists ``resource`` (``Users`` or ``Groups``; ``None``: either)."""
    name = request.path.strip("/")
    return name in ("Users", "Groups") and resource in (None, name)


def is_single(request: Request, resource: str) -> bool:
    """Whether a request reads one ``resource`` by its id."""
    return request.path.startswith(f"/{resource}/")


def always(_turn: int) -> bool:
    """Every turn."""
    return True


def first(turns: int) -> Turns:
    """The first so many turns."""
    return lambda turn: turn <= turns


def after(turns: int) -> Turns:
    """Every turn after the first so many."""
    return lambda turn: turn > turns


def only(resource: str, behaviour: Behaviour) -> Behaviour:
    """The behaviour for lists of one resource alone."""

    def wrap(inner: Handler, world: World) -> Handler:
        changed = behaviour(inner, world)
        return lambda request: (changed if is_list(request, resource) else inner)(request)

    return wrap


def when(condition: Callable[[Request], bool], behaviour: Behaviour) -> Behaviour:
    """The behaviour for the requests that meet a condition."""

    def wrap(inner: Handler, world: World) -> Handler:
        changed = behaviour(inner, world)
        return lambda request: (changed if condition(request) else inner)(request)

    return wrap


def asked(change: Callable[[Request], Request], resource: str | None = None) -> Behaviour:
    """Take every list request for another one."""

    def wrap(inner: Handler, world: World) -> Handler:
        return lambda request: inner(change(request) if is_list(request, resource) else request)

    return wrap


def told(change: Callable[[Request, Resource], object], resource: str | None = "Users") -> Behaviour:
    """Change the body of every successful list answer; what ``change`` returns replaces it."""

    def wrap(inner: Handler, world: World) -> Handler:
        def handle(request: Request) -> Answer:
            answer = inner(request)
            if not is_list(request, resource) or answer.status != 200:
                return answer
            return replace(answer, body=json.dumps(change(request, json.loads(answer.body))).encode())

        return handle

    return wrap


def fields(resource: str | None = "Users", **changes: object) -> Behaviour:
    """Set members of the list envelope; a callable gets the envelope, ``...`` removes the member."""

    def change(_request: Request, body: Resource) -> Resource:
        for name, value in changes.items():
            if value is ...:
                body.pop(name, None)
            else:
                body[name] = value(body) if callable(value) else value
        return body

    return told(change, resource)


def rows(
    change: Callable[[Resource], object],
    resource: str = "Users",
    *,
    every: int = 1,
    listed: bool = True,
    single: bool = True,
) -> Behaviour:
    """Change rows one by one, in lists and in single answers; what ``change`` returns replaces the row.

    :param every: only rows whose id ends in a number divisible by this.
    """

    def changed(row: Resource) -> object:
        return change(row) if int(str(row["id"])[-2:]) % every == 0 else row

    def wrap(inner: Handler, world: World) -> Handler:
        def handle(request: Request) -> Answer:
            answer = inner(request)
            if answer.status != 200:
                return answer
            if is_list(request, resource) and listed:
                body = json.loads(answer.body)
                body["Resources"] = [changed(row) for row in body["Resources"]]
            elif is_single(request, resource) and single:
                body = changed(json.loads(answer.body))
            else:
                return answer
            return replace(answer, body=json.dumps(body).encode())

        return handle

    return wrap


def instead(make: Callable[[Request], Answer], resource: str | None = "Users", turns: Turns = always) -> Behaviour:
    """Answer list requests by ``make`` on the turns given, counted per server over the same kind of request."""

    def wrap(inner: Handler, world: World) -> Handler:
        taken = 0

        def handle(request: Request) -> Answer:
            nonlocal taken
            if not is_list(request, resource):
                return inner(request)
            taken += 1
            return make(request) if turns(taken) else inner(request)

        return handle

    return wrap


def sent(resource: str | None = "Users", turns: Turns = always, **how: object) -> Behaviour:
    """Send list answers another way: any field of :class:`Answer`; a callable gets the answer."""

    def wrap(inner: Handler, world: World) -> Handler:
        taken = 0

        def handle(request: Request) -> Answer:
            nonlocal taken
            answer = inner(request)
            if not is_list(request, resource):
                return answer
            taken += 1
            if not turns(taken):
                return answer
            return replace(answer, **{name: value(answer) if callable(value) else value for name, value in how.items()})

        return handle

    return wrap


def everything(inner: Handler, request: Request) -> list[Resource] | None:
    """All rows that a list request is about, unpaged and unprojected; ``None`` where the server refuses it.

    :raises AssertionError: a page cap lies within; caps go outside what needs every row.
    """
    answer = inner(request.asking(startIndex=None, count="1000000", attributes=None, excludedAttributes=None))
    if answer.status != 200:
        return None
    body = json.loads(answer.body)
    assert len(body["Resources"]) == body["totalResults"], "put the page cap after this behaviour"
    return body["Resources"]
