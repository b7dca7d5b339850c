import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
from patience import PATIENCE
from segmented import grid_of

from terrazzo.blockwise.cluster.run_blocks import (
    BLOCKS_PER_BATCHED,
    LARGEST_BATCH,
    TASKS_PER_THREAD,
    _in_windows,
    run_blocks,
)

GRID = grid_of((60, 70))


def pixels_of(block, factor=1):
    return block.core.shape[0] * block.core.shape[1] * factor


def test_every_block_is_run_once_with_what_is_shared():
    assert sum(run_blocks(pixels_of, GRID, 3)) == 3 * 60 * 70


def test_each_finished_block_is_told():
    told = []
    assert len(list(run_blocks(pixels_of, GRID, done=told.append))) == len(GRID)
    assert sorted(block.index for block in told) == [block.index for block in GRID]


def test_without_blocks_nothing_runs():
    assert list(run_blocks(pixels_of, [])) == []


def test_blocks_are_taken_a_few_at_a_time():
    taken, finished = 0, 0
    most = 0

    def counted():
        nonlocal taken, most
        for block in list(GRID) * 5:
            taken += 1
            most = max(most, taken - finished)
            yield block

    for _ in run_blocks(lambda _: time.sleep(0.001), counted()):
        finished += 1
    assert taken == finished == 5 * len(GRID)
    assert most <= os.cpu_count() * (TASKS_PER_THREAD + 1) + 1


def test_an_error_in_a_block_is_raised_and_stops_the_run():
    started = []

    def fail(block):
        started.append(block)
        raise ValueError(f"block {block.index} is bad")

    with pytest.raises(ValueError, match=r"block \(\d, \d\) is bad"):
        list(run_blocks(fail, list(GRID)[:1] + list(GRID) * 10))
    assert len(started) < 5 * len(GRID)


def test_tasks_run_in_several_threads():
    if os.cpu_count() == 1:
        pytest.skip("this machine has one core")
    both = threading.Barrier(2, timeout=PATIENCE)
    assert len(list(run_blocks(lambda _: both.wait(), list(GRID)[:2]))) == 2


def test_in_a_long_run_a_task_takes_several_blocks_but_few_of_those_that_are_done():
    blocks, told, batches = list(GRID) * 1500, [], []
    with ThreadPoolExecutor(1) as executor:

        def submit(run, version, function, batch):
            batches.append(len(batch))
            return executor.submit(run, version, function, batch)

        watch = SimpleNamespace(threads=lambda: 1)
        found = list(_in_windows(submit, lambda block: block.index, iter(blocks), (), watch, told.append, repr))
    assert found == [block.index for block in told]
    assert sorted(found) == sorted(block.index for block in blocks)
    assert max(batches) == LARGEST_BATCH
    given = [sum(batches[:i]) for i in range(len(batches))]
    assert all(size <= 1 + before // BLOCKS_PER_BATCHED for size, before in zip(batches, given, strict=True))
