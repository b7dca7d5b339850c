"""Run a function on every block, a window of tasks at a time: neither scheduler nor memory grows with the image."""

from __future__ import annotations

import itertools
import logging
import os
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from distributed import Client, KilledWorker
from distributed.protocol.pickle import dumps, loads

from terrazzo.blocks import Block
from terrazzo.errors import ParameterError

_log = logging.getLogger(__name__)

T = TypeVar("T")
Done = Callable[[Block], None]
TASKS_PER_THREAD = 3
# A task takes one more block for so many that each thread has had: those that wait for the last task wait 1 % longer.
BLOCKS_PER_BATCHED = 100
LARGEST_BATCH = 128
SECONDS_BETWEEN_COUNTS = 5


def run_blocks(
    function: Callable[..., T],
    blocks: Iterable[Block],
    *shared: Any,
    client: Client | None = None,
    done: Done | None = None,
) -> Iterator[T]:
    """Yield `function(block, *shared)` for each block, in the order in which they finish.

    A task runs one block, in long runs several that follow each other.

    Parameters
    ----------
    function : callable
        A pure function, or one that writes what only its block owns.
    blocks : iterable of Block
        The blocks, in the order in which they start.
    *shared
        Further arguments; they travel once per worker.
    client : distributed.Client, optional
        Where the tasks run; without it, in this process's threads. Workers may come and go; without any, it waits
        for the first.
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
            yield from _in_windows(executor.submit, function, blocks, shared, lambda: threads, done)
    else:
        count = _ThreadCount(client)
        # results of tasks and not scattered data, which a scheduler cannot make again when the workers with it died
        sent = [client.submit(loads, dumps(value), pure=False) for value in shared]
        # not pure: what writes runs however often it is asked to, and no key is made from its arguments, which is slow
        yield from _in_windows(client.get_executor(pure=False).submit, function, blocks, sent, count, done)


def _in_windows(
    submit: Callable[..., Future[_Parcel[T]]],
    function: Callable[..., T],
    blocks: Iterable[Block],
    shared: Iterable[Any],
    threads: Callable[[], int],
    done: Done | None,
) -> Iterator[T]:
    waiting: dict[Future[_Parcel[T]], list[Block]] = {}
    queue, given = iter(blocks), 0
    try:
        while True:
            workers = threads()
            while len(waiting) < workers * TASKS_PER_THREAD:
                size = min(LARGEST_BATCH, 1 + given // (BLOCKS_PER_BATCHED * workers))
                batch = list(itertools.islice(queue, size))
                if not batch:
                    break
                given += len(batch)
                waiting[submit(_run_batch, function, batch, *shared)] = batch
            if not waiting:
                return
            for future in wait(waiting, return_when=FIRST_COMPLETED).done:
                batch = waiting.pop(future)
                for block, result in zip(batch, _results(future, batch), strict=True):
                    if done is not None:
                        done(block)
                    yield result
    finally:
        for future in waiting:
            future.cancel()


@dataclass(frozen=True)
class _Parcel(Generic[T]):
    """What a task returns: Dask would pack each entry of a plain list by itself."""

    results: list[T]


def _run_batch(function: Callable[..., T], blocks: list[Block], *shared: Any) -> _Parcel[T]:
    return _Parcel([function(block, *shared) for block in blocks])


def _results(future: Future[_Parcel[T]], batch: list[Block]) -> list[T]:
    try:
        return future.result().results
    except KilledWorker as error:
        raise ParameterError(
            f"workers died again and again at block {batch[0].index}, perhaps for want of memory: give each worker "
            "more memory, or begin anew with a smaller block"
        ) from error


class _ThreadCount:
    """How many threads a cluster has, asked again every few seconds, because workers come and go."""

    def __init__(self, client: Client) -> None:
        self.client = client
        if not client.nthreads():
            _log.warning("the cluster has no worker yet; waiting for the first")
            client.wait_for_workers(1)
        self._ask()

    def __call__(self) -> int:
        if time.monotonic() - self.asked > SECONDS_BETWEEN_COUNTS:
            self._ask()
        return self.threads

    def _ask(self) -> None:
        self.threads = sum(self.client.nthreads().values()) or 1
        self.asked = time.monotonic()
