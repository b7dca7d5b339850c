import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrazzo.errors import InputError
from terrazzo.viewing.kept_windows import InWindows, KeptWindows

KIB = np.zeros(1024, np.uint8)


def test_threads_that_ask_for_the_same_wait_for_one_that_reads():
    kept, reads, all_asked = KeptWindows(), [], threading.Barrier(4)

    def read():
        reads.append(1)
        return KIB

    def ask(_):
        all_asked.wait()
        return kept.get("a", read)

    with ThreadPoolExecutor(4) as threads:
        assert all(found is KIB for found in threads.map(ask, range(4)))
    assert reads == [1]


def test_what_was_asked_for_longest_ago_is_let_go():
    kept, reads = KeptWindows(2048), []

    def ask(key):
        kept.get(key, lambda: reads.append(key) or KIB)

    for key in "abacab":
        ask(key)
    assert reads == ["a", "b", "c", "b"]
    assert kept.bytes == 2048


def test_what_cannot_be_read_is_told_and_read_anew():
    kept = KeptWindows()

    def fails():
        raise InputError("gone")

    with pytest.raises(InputError, match="gone"):
        kept.get("a", fails)
    assert kept.get("a", lambda: KIB) is KIB


def test_after_closing_nothing_is_read():
    kept = KeptWindows()
    kept.close()
    with pytest.raises(InputError, match="closed"):
        kept.get("a", lambda: KIB)


@given(st.data())
def test_any_window_is_that_of_the_array(data):
    shape, side = (tuple(data.draw(st.lists(st.integers(1, most), min_size=2, max_size=2))) for most in (20, 9))
    values = np.arange(np.prod(shape)).reshape(shape)
    ends = [sorted(data.draw(st.lists(st.integers(0, n), min_size=2, max_size=2, unique=True))) for n in shape]
    window = tuple(slice(a, b) for a, b in ends)
    reader = InWindows(values.__getitem__, shape, side, values.dtype, KeptWindows(200))
    assert np.array_equal(reader(window), values[window])
