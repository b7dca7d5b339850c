"""How many threads of this process work at once: as many as Dask's settings say, else one for each core."""

from __future__ import annotations

import os

import dask

ONE_AFTER_THE_OTHER = ("sync", "synchronous", "single-threaded")


def own_threads() -> int:
    """Return how many threads blocks may have here, where no cluster does them.

    As many as `dask.config.set(num_workers=...)` says; without it one where its scheduler is "synchronous".
    """
    if number := dask.config.get("num_workers", None):
        return int(number)
    return 1 if dask.config.get("scheduler", None) in ONE_AFTER_THE_OTHER else os.cpu_count() or 1
