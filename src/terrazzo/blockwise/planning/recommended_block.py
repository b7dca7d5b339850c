"""Which block fits into a worker's memory and reads little twice?"""

from __future__ import annotations

from collections.abc import Iterator

from terrazzo.blocks import BlockGrid
from terrazzo.blockwise.planning.work import Work

# What may be recommended, in pixels; each worker's thread gets at least so many blocks where the image has them.
SIDES = {
    2: (256, 384, 512, 768, 1024, 1536, 2048, 3072, 4096, 6144, 8192),
    3: (32, 48, 64, 96, 128, 192, 256, 384, 512),
}
BLOCKS_PER_THREAD = 3

# A smaller block is as good as the largest that fits if it reads at most this much more.
AS_GOOD = 1.1


def recommended_block(work: Work, extent: tuple[int, ...], limit: int, workers: int, threads: int) -> int | None:
    """Return the block with which a worker stays within `limit` bytes and little is read twice; None if none does.

    Parameters
    ----------
    work : Work
        What is done with a block.
    extent : tuple of int
        Of the image.
    limit : int
        Bytes that a worker may hold.
    workers, threads : int
        Processes, and tasks that each runs at a time: there should be blocks for all of them.
    """
    fitting = [(side, grid) for side, grid in _grids(work, extent) if work.memory_of_worker(grid, threads) <= limit]
    busy = [(side, grid) for side, grid in fitting if len(grid) >= BLOCKS_PER_THREAD * workers * threads]
    choice = [(work.pixels_read(grid), side) for side, grid in busy or fitting[:1]]
    return min((side for read, side in choice if read <= AS_GOOD * min(choice)[0]), default=None)


def _grids(work: Work, extent: tuple[int, ...]) -> Iterator[tuple[int, BlockGrid]]:
    return ((side, work.model.grid(extent, side)) for side in SIDES[len(extent)])
