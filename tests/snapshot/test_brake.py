from __future__ import annotations

from threading import Thread

from scimaudit.snapshot.brake import Brake


def waits(brake: Brake, app: str) -> Thread:
    thread = Thread(target=brake.wait, args=(app,), daemon=True)
    thread.start()
    thread.join(0.2)
    return thread


def test_nobody_waits_below_the_most() -> None:
    brake = Brake(10)
    brake.holds("a", 4)
    brake.holds("b", 5)
    assert not waits(brake, "b").is_alive()


def test_the_oldest_goes_on_and_the_others_wait_until_it_has_ended() -> None:
    brake = Brake(10)
    brake.wait("a")
    brake.wait("b")
    brake.holds("b", 4)
    brake.holds("a", 10)
    assert not waits(brake, "a").is_alive()
    waiting = waits(brake, "b")
    assert waiting.is_alive()
    brake.ended("a")
    waiting.join(2)
    assert not waiting.is_alive()


def test_whoever_ends_hands_on_to_the_next_oldest() -> None:
    brake = Brake(1)
    for app in ("a", "b", "c"):
        brake.holds(app, 1)
    brake.ended("a")
    assert not waits(brake, "b").is_alive()
    waiting = waits(brake, "c")
    assert waiting.is_alive()
    brake.ended("b")
    waiting.join(2)
    assert not waiting.is_alive()


def test_a_pull_that_is_stopped_keeps_nobody_waiting() -> None:
    brake = Brake(1)
    brake.wait("a")
    brake.holds("a", 5)
    waiting = waits(brake, "b")
    assert waiting.is_alive()
    brake.release()
    waiting.join(2)
    assert not waiting.is_alive()
