import contextvars
import pickle
import threading
from contextlib import suppress

import pytest

from terrazzo import ledger
from terrazzo.ledger import REST, Spent, Stopwatch, count_bytes, stage


class Clock:
    """Seconds that pass when a test says so; a core works for half of them."""

    def __init__(self, monkeypatch):
        self.now = 100.0
        monkeypatch.setattr(ledger.time, "perf_counter", lambda: self.now)
        monkeypatch.setattr(ledger.time, "thread_time", lambda: self.now / 2)
        monkeypatch.setattr(ledger.time, "process_time", lambda: 2 * self.now)

    def passes(self, seconds):
        self.now += seconds


@pytest.fixture
def clock(monkeypatch):
    return Clock(monkeypatch)


def test_each_moment_belongs_to_the_innermost_stage_and_stages_add_up_to_the_task(clock):
    with Stopwatch() as watch:
        clock.passes(1)
        with stage("outer"):
            clock.passes(2)
            with stage("inner"):
                clock.passes(4)
                count_bytes(10)
            clock.passes(8)
            count_bytes(3)
        with stage("inner"):
            clock.passes(16)
            count_bytes(20)
    found = watch.ledger
    assert found.stages == {REST: Spent(1, 0.5), "outer": Spent(10, 5, 3), "inner": Spent(20, 10, 30)}
    assert found.seconds == 31
    assert found.process_core_seconds == (200, 262)
    assert pickle.loads(pickle.dumps(found)) == found


def test_a_stage_that_an_error_leaves_has_ended(clock):
    with Stopwatch() as watch:
        with suppress(LookupError), stage("broken"):
            clock.passes(1)
            raise LookupError
        clock.passes(2)
    assert watch.ledger.stages == {REST: Spent(2, 1), "broken": Spent(1, 0.5)}


def test_without_a_stopwatch_a_stage_does_nothing():
    with stage("unheard"):
        count_bytes(5)
    with Stopwatch() as watch:
        pass
    assert list(watch.ledger.stages) == [REST]


def test_threads_have_stopwatches_of_their_own():
    both, found = threading.Barrier(2), {}

    def work(name):
        with Stopwatch() as watch:
            both.wait()
            with stage(name):
                count_bytes(1)
                both.wait()
        found[name] = watch.ledger

    threads = [threading.Thread(target=contextvars.Context().run, args=(work, name)) for name in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {name: set(of.stages) for name, of in found.items()} == {"one": {REST, "one"}, "two": {REST, "two"}}
    assert found["one"].thread != found["two"].thread
