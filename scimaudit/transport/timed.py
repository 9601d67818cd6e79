"""Waiting for the network, but never past a deadline: not for headers that drip in, nor for a silent server.

A time-out of httpcore begins anew with each byte, so a server that sends one now and then is waited for without end.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import httpcore
import httpx


@dataclass
class Deadline:
    """When all waiting must end.

    :param at: by the clock ``monotonic``; moved for each request.
    :param allowed: the seconds that it leaves a request, for the words.
    """

    monotonic: Callable[[], float]
    at: float = float("inf")
    allowed: float = float("inf")

    def left(self, timeout: float | None) -> float | None:
        """The time-out of one wait.

        :raises httpcore.ReadTimeout: nothing is left.
        """
        if self.at == float("inf"):
            return timeout
        left = self.at - self.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout(f"it took longer than {self.allowed:.0f} s")
        return left if timeout is None else min(timeout, left)


class _Stream(httpcore.NetworkStream):
    """A connection whose waits end at the deadline."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._deadline.left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._deadline.left(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        inner = self._stream.start_tls(ssl_context, server_hostname, self._deadline.left(timeout))
        return _Stream(inner, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class _Network(httpcore.SyncBackend):
    """Opens such connections."""

    def __init__(self, deadline: Deadline) -> None:
        self._deadline = deadline

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        left = self._deadline.left(timeout)
        return _Stream(super().connect_tcp(host, port, left, local_address, socket_options), self._deadline)


class TimedTransport(httpx.HTTPTransport):
    """httpx's transport, with every wait under one deadline.

    :param settings: those of :class:`httpx.HTTPTransport`.
    """

    def __init__(self, deadline: Deadline, **settings: Any) -> None:
        super().__init__(**settings)
        # httpx passes no network on to httpcore, whose pools all have one.
        self._pool._network_backend = _Network(deadline)  # noqa: SLF001
