"""Batches that are made while the network learns from the one before."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

K = TypeVar("K")
T = TypeVar("T")

THREADS = 2


def prefetched(make: Callable[[K], T], keys: Iterable[K], threads: int = THREADS) -> Iterator[T]:
    """Yield `make(key)` for each key in order; as many more as there are threads are made meanwhile.

    With one thread they are made one after the other, and may draw from one generator.
    """
    executor = ThreadPoolExecutor(threads)
    try:
        waiting = deque[Future[T]]()
        for key in keys:
            waiting.append(executor.submit(make, key))
            if len(waiting) > threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        executor.shutdown(cancel_futures=True)
