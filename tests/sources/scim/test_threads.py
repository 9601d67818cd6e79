"""Listings are pulled side by side: what they share must stand it."""

import threading
import time

import msgspec
import pytest

from scimaudit.sources.scim import fast, profile

UNKNOWN = profile.load("unknown")


@pytest.fixture
def building(monkeypatch):
    """How many threads at most were making a decoder at the same time."""
    most, inside = [0], [0]
    kept = msgspec.defstruct

    def slow(*arguments, **options):
        inside[0] += 1
        most[0] = max(most[0], inside[0])
        time.sleep(0.005)
        try:
            return kept(*arguments, **options)
        finally:
            inside[0] -= 1

    monkeypatch.setattr(msgspec, "defstruct", slow)
    return most


def test_decoders_are_made_by_one_thread_at_a_time(building):
    """Two threads that describe one struct at the same time end the process with a segmentation fault."""
    start = threading.Barrier(8)
    read = []

    def go(number):
        start.wait()
        page = fast.read(b'{"Resources":[{"id":"a","only%d":1}]}' % number, UNKNOWN, "Users")
        read.append(page and page.ids)

    threads = [threading.Thread(target=go, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert read == [["a"]] * 8
    assert building == [1]
