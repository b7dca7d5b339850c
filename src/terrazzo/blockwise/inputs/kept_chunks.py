"""Arrays of which a cluster keeps chunks, as those that `persist` returns: other schedulers cannot fetch them."""

from __future__ import annotations

from itertools import islice
from typing import Any

import dask.array as da
from dask.core import flatten
from dask.highlevelgraph import HighLevelGraph, MaterializedLayer
from dask.optimization import cull
from distributed import Future, get_worker, worker_client
from distributed.worker import thread_state


def computed_here(array: da.Array) -> Any:
    """Return the values of an array, computed in this thread; chunks that a cluster keeps are fetched."""
    return (_fetched(array) if _keeps_chunks(array) else array).compute(scheduler="synchronous")


def _keeps_chunks(array: da.Array) -> bool:
    """Whether chunks of what an array is made from are kept: in a layer of theirs, first or after what names them."""
    layers = (layer for layer in array.dask.layers.values() if isinstance(layer, MaterializedLayer))
    return any(isinstance(task, Future) for layer in layers for task in islice(layer.values(), 2))


def _fetched(array: da.Array) -> da.Array:
    """Return the same with the chunks that it needs in place of those that are kept."""
    tasks, _ = cull(dict(array.dask), list(flatten(array.__dask_keys__())))
    kept = {key: task for key, task in tasks.items() if isinstance(task, Future)}
    if kept and hasattr(thread_state, "key"):
        # in a task: others run meanwhile, which this may wait for; futures that travelled have neither client nor state
        with worker_client() as client:
            chunks = [Future(future.key, client) for future in kept.values()]
            fetched = client.submit(list, chunks, pure=False, priority=1, workers=[get_worker().address]).result()
        tasks |= zip(kept, fetched, strict=True)
    elif kept:
        tasks |= next(iter(kept.values())).client.gather(kept)
    graph = HighLevelGraph.from_collections(array.name, tasks)
    return da.Array(graph, array.name, array.chunks, meta=array._meta)
