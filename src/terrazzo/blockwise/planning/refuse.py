"""A run that does not fit into memory is refused before it begins."""

from __future__ import annotations

from distributed import Client

from terrazzo.blocks import BlockGrid
from terrazzo.blockwise.cluster.available_memory import memory_of_machine, memory_of_workers
from terrazzo.blockwise.planning.work import Work, reading_of, recommended_block
from terrazzo.errors import ParameterError
from terrazzo.io.images.image import Image
from terrazzo.memory import readable_bytes
from terrazzo.models.fitted_model import FittedModel
from terrazzo.own_threads import own_threads


def refuse_what_does_not_fit(
    model: FittedModel,
    image: Image,
    grid: BlockGrid,
    client: Client | None,
    *,
    masked: bool = False,
    probabilities: bool = False,
) -> None:
    """Raise a ParameterError if a run would take more memory than there is.

    Parameters
    ----------
    model : FittedModel
        What would be predicted with.
    image : Image
        Of what.
    grid : BlockGrid
        In which blocks.
    client : distributed.Client or None
        Where: each worker has to stay within its memory limit; without limits, or without a client, the machine's
        memory counts.
    masked, probabilities : bool
        Whether there is a mask; whether images of probabilities are written.

    Raises
    ------
    ParameterError
        With what it takes, what there is, and what to change.
    """
    work = Work.of(model, reading_of(image, masked=masked, probabilities=probabilities))
    limited = [] if client is None else memory_of_workers(client)
    for worker in limited:
        needed = work.memory_of_worker(grid, worker.threads)
        if needed > worker.limit:
            fitting = recommended_block(work, grid.lattice.shape, worker.limit, 1, worker.threads)
            there = f"may hold {readable_bytes(worker.limit)}, what Dask does not pause it at"
            raise ParameterError(_sentence("a worker takes", grid, needed, there, fitting))
    if limited:
        return
    left = memory_of_machine()
    if client is None:
        workers, share, threads = 1, left // 2, own_threads()
        needed = work.memory_of_own_process(grid, threads)
        who = f"{threads} threads take"
    else:
        threads_of = list(client.nthreads().values()) or [1]
        workers, share, threads = len(threads_of), left // len(threads_of), max(threads_of)
        needed = work.memory_in_all(grid, workers, threads)
        who = f"{workers} workers take"
    if needed > left:
        fitting = recommended_block(work, grid.lattice.shape, share, workers, threads)
        raise ParameterError(_sentence(who, grid, needed, f"{readable_bytes(left)} are there", fitting))


def _sentence(who: str, grid: BlockGrid, needed: int, there: str, fitting: int | None) -> str:
    block = " x ".join(str(cells * size) for cells, size in zip(grid.block_cells, grid.lattice.size, strict=True))
    advice = f"choose a smaller block, such as --block {fitting}, or" if fitting else "no block is small enough:"
    return (
        f"with blocks of {block} pixels {who} up to {readable_bytes(needed)} of memory and {there}; "
        f"{advice} use fewer workers or more memory"
    )
