import threading

import pytest
from patience import PATIENCE

from terrazzo.training.rules.prefetched import prefetched


def test_results_come_in_the_order_of_their_keys():
    assert list(prefetched(lambda key: key * key, range(20))) == [key * key for key in range(20)]


def test_the_next_are_made_while_one_is_used_and_no_more_than_that():
    made = threading.Semaphore(0)
    begun = []

    def make(key):
        begun.append(key)
        made.release()
        return key

    results = prefetched(make, range(10), threads=2)
    assert next(results) == 0
    for _ in range(3):
        assert made.acquire(timeout=PATIENCE)
    assert sorted(begun) == [0, 1, 2]
    results.close()
    assert len(begun) <= 3


def test_what_goes_wrong_is_raised_where_the_result_is_awaited():
    results = prefetched(lambda key: 1 // key, [1, 0, 1])
    assert next(results) == 1
    with pytest.raises(ZeroDivisionError):
        next(results)
