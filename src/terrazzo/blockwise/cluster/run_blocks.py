"""Run a function on every block, a window of tasks at a time: neither scheduler nor memory grows with the image."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from distributed import Client
from distributed.protocol.pickle import dumps, loads

from terrazzo.blocks import Block
from terrazzo.blockwise.cluster.worker_watch import SECONDS_BETWEEN_QUESTIONS, WorkerWatch, check_version
from terrazzo.own_threads import own_threads
from terrazzo.progress import Step, tell
from terrazzo.version import __version__

T = TypeVar("T")
Item = TypeVar("Item")
Done = Callable[[Block], None]
TASKS_PER_THREAD = 3
# A task takes one more block for so many that each thread has had: those that wait for the last task wait 1 % longer.
BLOCKS_PER_BATCHED = 100
LARGEST_BATCH = 128


def run_blocks(
    function: Callable[..., T],
    blocks: Iterable[Block],
    *shared: Any,
    client: Client | None = None,
    done: Done | None = None,
) -> Iterator[T]:
    """Yield `function(block, *shared)` for each block, in the order in which they finish.

    A task runs one block, in long runs several that follow each other. A single block without a client runs in this
    thread.

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
        If a block kills its workers again and again (a worker that dies is made up for), a worker has another version
        of terrazzo, whenever it came, or the scheduler goes away.
    """
    yield from run_each(function, blocks, *shared, client=client, done=done, called=_block_called)


def run_each(
    function: Callable[..., T],
    items: Iterable[Item],
    *shared: Any,
    client: Client | None = None,
    done: Callable[[Item], None] | None = None,
    called: Callable[[Item], str],
) -> Iterator[T]:
    """Yield `function(item, *shared)` for each item, as `run_blocks` does; `called` is its name in messages."""
    if client is None:
        waiting = iter(items)
        first = list(itertools.islice(waiting, 2))
        if len(first) < 2:
            for item in first:
                result = function(item, *shared)
                if done is not None:
                    done(item)
                yield result
            return
        with ThreadPoolExecutor(own_threads()) as executor:
            yield from _in_windows(
                executor.submit, function, itertools.chain(first, waiting), shared, None, done, called
            )
    else:
        watch = WorkerWatch(client)
        # results of tasks and not scattered data, which a scheduler cannot make again when the workers with it died
        sent = [client.submit(loads, dumps(value), pure=False) for value in shared]
        # not pure: what writes runs however often it is asked to, and no key is made from its arguments, which is slow
        yield from _in_windows(client.get_executor(pure=False).submit, function, items, sent, watch, done, called)


def _block_called(block: Block) -> str:
    return f"block {block.index}"


def _in_windows(
    submit: Callable[..., Future[_Parcel[T]]],
    function: Callable[..., T],
    items: Iterable[Item],
    shared: Iterable[Any],
    watch: WorkerWatch | None,
    done: Callable[[Item], None] | None,
    called: Callable[[Item], str],
) -> Iterator[T]:
    waiting: dict[Future[_Parcel[T]], list[Item]] = {}
    queue, given = iter(items), 0
    try:
        while True:
            threads = watch.threads() if watch else own_threads()
            while len(waiting) < threads * TASKS_PER_THREAD:
                size = min(LARGEST_BATCH, 1 + given // (BLOCKS_PER_BATCHED * threads))
                batch = list(itertools.islice(queue, size))
                if not batch:
                    break
                given += len(batch)
                waiting[submit(_run_batch, __version__, function, batch, *shared)] = batch
            if not waiting:
                return
            patience = SECONDS_BETWEEN_QUESTIONS if watch else None
            for future in wait(waiting, patience, FIRST_COMPLETED).done:
                batch = waiting.pop(future)
                for item, result in zip(batch, _results(future, called(batch[0]), watch), strict=True):
                    if done is not None:
                        done(item)
                    yield result
    finally:
        for future in waiting:
            future.cancel()


@dataclass(frozen=True)
class _Parcel(Generic[T]):
    """What a task returns: Dask would pack each entry of a plain list by itself."""

    results: list[T]


def _run_batch(version: str, function: Callable[..., T], items: list[Any], *shared: Any) -> _Parcel[T]:
    check_version(version)
    return _Parcel([function(item, *shared) for item in items])


def _results(future: Future[_Parcel[T]], first: str, watch: WorkerWatch | None) -> list[T]:
    try:
        return future.result().results
    except Exception as error:
        if watch is not None:
            watch.explain(error, first)
        raise


class BlockCount:
    """Counts the finished blocks of one pass and tells whoever listens, once at the start and after each block.

    Parameters
    ----------
    name : str
        The pass.
    total : int
        Its blocks.
    finished : iterable of Block
        The blocks that an earlier run has finished.
    """

    def __init__(self, name: str, total: int, finished: Iterable[Block] = ()) -> None:
        self.name, self.total = name, total
        self.blocks = self.pixels = 0
        for block in finished:
            self._count(block)
        self._tell()

    def __call__(self, block: Block) -> None:
        """Count a finished block."""
        self._count(block)
        self._tell()

    def _count(self, block: Block) -> None:
        self.blocks += 1
        self.pixels += math.prod(block.core.shape)

    def _tell(self) -> None:
        if self.total:  # of an image without coarser levels there are no blocks of these
            tell(Step(self.name, self.blocks, self.total, self.pixels))
