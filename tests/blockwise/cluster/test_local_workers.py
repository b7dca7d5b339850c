from hypothesis import given
from hypothesis import strategies as st

from terrazzo.blockwise.cluster.cluster import PROCESS_BYTES, THREAD_BYTES, processes_and_threads

GIB = 2**30


def test_with_memory_to_spare_each_core_has_a_process():
    assert processes_and_threads(2, 24 * GIB) == (2, 1)
    assert processes_and_threads(64, 256 * GIB) == (64, 1)


def test_where_memory_is_short_processes_share_theirs_among_threads():
    processes, threads = processes_and_threads(16, 10 * GIB)
    assert threads > 1
    assert processes * threads == 16


def test_where_memory_is_shorter_cores_stay_idle():
    processes, threads = processes_and_threads(16, 3 * GIB)
    assert processes * threads < 16


@given(st.integers(1, 256), st.integers(0, 2048 * GIB))
def test_what_runs_fits_or_is_one_thread(cores, memory):
    processes, threads = processes_and_threads(cores, memory)
    assert 1 <= processes * threads <= cores
    fits = processes * (PROCESS_BYTES + threads * THREAD_BYTES) <= memory
    assert fits or (processes, threads) == (1, 1)
