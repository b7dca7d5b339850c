import os
import threading

import dask
import pytest

from terrazzo.blocks import BlockGrid
from terrazzo.blockwise.cluster.run_blocks import run_blocks
from terrazzo.lattice import Lattice
from terrazzo.own_threads import own_threads


@pytest.mark.parametrize(
    ("configured", "expected"),
    [
        ({"num_workers": None, "scheduler": None}, os.cpu_count()),
        ({"num_workers": 3, "scheduler": None}, 3),
        ({"num_workers": None, "scheduler": "threads"}, os.cpu_count()),
        ({"num_workers": None, "scheduler": "synchronous"}, 1),
        ({"num_workers": 2, "scheduler": "sync"}, 2),
    ],
)
def test_blocks_have_the_threads_that_dask_would_give_an_array(configured, expected):
    with dask.config.set(configured):
        assert own_threads() == expected


@pytest.mark.parametrize("number", [1, 2, 4])
def test_as_many_blocks_are_at_work_at_once_as_there_are_threads(number):
    grid, together = BlockGrid.of(Lattice((64, 64), (8, 8)), 32), threading.Barrier(number)
    at_work, most, guard = [], [], threading.Lock()

    def work(block):
        with guard:
            at_work.append(block)
            most.append(len(at_work))
        together.wait(timeout=60)  # for so many threads, each at a block of its own
        with guard:
            at_work.remove(block)

    with dask.config.set(num_workers=number):
        list(run_blocks(work, grid))
    assert len(most) == 4
    assert max(most) == number
