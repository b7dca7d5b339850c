"""Run one task per block, a window of them at a time, so that neither scheduler nor memory grows with the image."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, ThreadPoolExecutor, wait
from functools import partial
from typing import Any, TypeVar

from distributed import Client, KilledWorker

from terrazzo.blocks import Block
from terrazzo.errors import ParameterError

T = TypeVar("T")
Done = Callable[[Block], None]
TASKS_PER_THREAD = 3
# how often in a row all workers may die before a block is finished
MOST_LOSSES = 3


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
        If the workers of a cluster die again and again; one that dies is made up for.
    """
    if client is None:
        threads = os.cpu_count() or 1
        with ThreadPoolExecutor(threads) as executor:
            start = partial(executor.submit, function)
            yield from _in_windows(lambda block: start(block, *shared), blocks, threads * TASKS_PER_THREAD, done)
    else:
        runs = _ClusterRuns(function, shared, client)
        threads = sum(client.nthreads().values()) or 1
        yield from _in_windows(runs.start, blocks, threads * TASKS_PER_THREAD, done, runs.send)


class _ClusterRuns:
    """Starts blocks on a cluster, where what they share is sent once, and again when all workers that had it died."""

    def __init__(self, function: Callable[..., Any], shared: tuple[Any, ...], client: Client) -> None:
        self.function, self.shared, self.client = function, shared, client
        self.executor = client.get_executor()
        self.send()

    def send(self) -> None:
        self.sent = self.client.scatter(list(self.shared), broadcast=True, hash=False) if self.shared else []

    def start(self, block: Block) -> Future[Any]:
        future: Future[Any] = self.executor.submit(self.function, block, *self.sent)
        return future


def _in_windows(
    start: Callable[[Block], Future[T]],
    blocks: Iterable[Block],
    window: int,
    done: Done | None,
    send_again: Callable[[], None] | None = None,
) -> Iterator[T]:
    waiting: dict[Future[T], Block] = {}
    queue, lost, losses = iter(blocks), list[Block](), 0
    try:
        while True:
            while len(waiting) < window and (block := lost.pop() if lost else next(queue, None)) is not None:
                waiting[start(block)] = block
            if not waiting:
                return
            for future in wait(waiting, return_when=FIRST_COMPLETED).done:
                block = waiting.pop(future)
                try:
                    result = future.result()
                except KilledWorker as error:
                    raise _too_many_deaths(block) from error
                except CancelledError:
                    lost.append(block)
                    continue
                losses = 0
                if done is not None:
                    done(block)
                yield result
            if lost and send_again is not None:
                losses += 1
                if losses > MOST_LOSSES:
                    raise _too_many_deaths(lost[0])
                send_again()
    finally:
        for future in waiting:
            future.cancel()


def _too_many_deaths(block: Block) -> ParameterError:
    return ParameterError(
        f"workers died again and again, the last at block {block.index}, perhaps for want of memory: give each worker "
        "more memory, or begin anew with a smaller block"
    )
