"""Run one task per block, a window of them at a time, so that neither scheduler nor memory grows with the image."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any, TypeVar

from distributed import Client, KilledWorker
from distributed.protocol.pickle import dumps, loads

from terrazzo.blocks import Block
from terrazzo.errors import ParameterError

T = TypeVar("T")
Done = Callable[[Block], None]
TASKS_PER_THREAD = 3


def run_blocks(
    function: Callable[..., T],
    blocks: Iterable[Block],
    *shared: Any,
    client: Client | None = None,
    done: Done | None = None,
) -> Iterator[T]:
    """Yield `function(block, *shared)` for each block, in the order in which they finish.

    Parameters
    ----------
    function : callable
        A pure function, or one that writes what only its block owns.
    blocks : iterable of Block
        The blocks, in the order in which they start.
    *shared
        Further arguments; they travel once per worker.
    client : distributed.Client, optional
        Where the tasks run; without it, in this process's threads.
    done : callable, optional
        Is told each block that has finished.

    Raises
    ------
    ParameterError
        If a block kills its workers again and again; a worker that dies is made up for.
    """
    if client is None:
        threads = os.cpu_count() or 1
        with ThreadPoolExecutor(threads) as executor:
            yield from _in_windows(executor.submit, function, blocks, shared, threads * TASKS_PER_THREAD, done)
    else:
        # results of tasks and not scattered data, which a scheduler cannot make again when the workers with it died
        sent = [client.submit(loads, dumps(value), pure=False) for value in shared]
        threads = sum(client.nthreads().values()) or 1
        submit = client.get_executor().submit
        yield from _in_windows(submit, function, blocks, sent, threads * TASKS_PER_THREAD, done)


def _in_windows(
    submit: Callable[..., Future[T]],
    function: Callable[..., T],
    blocks: Iterable[Block],
    shared: Iterable[Any],
    window: int,
    done: Done | None,
) -> Iterator[T]:
    waiting: dict[Future[T], Block] = {}
    queue = iter(blocks)
    try:
        while True:
            while len(waiting) < window and (block := next(queue, None)) is not None:
                waiting[submit(function, block, *shared)] = block
            if not waiting:
                return
            for future in wait(waiting, return_when=FIRST_COMPLETED).done:
                block = waiting.pop(future)
                result = _result(future, block)
                if done is not None:
                    done(block)
                yield result
    finally:
        for future in waiting:
            future.cancel()


def _result(future: Future[T], block: Block) -> T:
    try:
        return future.result()
    except KilledWorker as error:
        raise ParameterError(
            f"workers died again and again at block {block.index}, perhaps for want of memory: give each worker more "
            "memory, or begin anew with a smaller block"
        ) from error
