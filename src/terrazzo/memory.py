"""How many bytes does a task hold at once? Projected before it runs, from integers alone.

A task goes through stages, and its peak is the stage that holds most. Each kind of model adds up the arrays that are
alive in each of its stages, in bytes per pixel or per row, in the order in which the code makes them. What depends on
the image's content (pieces of superpixels, edges) is taken as white noise has it, which is more than any picture has.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

MIB = 2**20
UNITS = ("bytes", "KiB", "MiB", "GiB", "TiB")

# What a Dask worker holds before its first block, measured: numpy, zarr, pyarrow and numba that has just compiled the
# kernels (200 MiB less where they come from its cache); the same with torch and DGL; and the process that hands out
# blocks, with Dask's scheduler.
WORKER, WORKER_WITH_TORCH, CLIENT = 520 * MIB, 950 * MIB, 450 * MIB

# What the allocator keeps and nobody uses: holes between arrays in a Dask worker, which keeps some memory from task to
# task; up to as much again in the threads of any other process.
SLACK_PERCENT, OWN_PROCESS_PERCENT = 35, 100

# What the pools of pyarrow, torch and zarr grow by in a task, whatever its size.
POOLS = 19 * MIB

# A table, its Arrow columns with their levels, and its pages: times a table that is being written.
WRITING = 4

# zarr decodes so many stored chunks at a time, each with its compressed bytes beside it.
CHUNKS_AT_ONCE = 10

# Edges per superpixel: in an image at most 3 (the graph is planar), in a volume more than white noise has (8.5).
EDGES_PER_NODE = {2: 3, 3: 10}


@dataclass(frozen=True)
class Reading:
    """What of a stored image and of a run decides how much a task holds, besides its block.

    Parameters
    ----------
    itemsize : int
        Bytes per value of the image.
    chunk, held : int
        Bytes of a stored chunk; of an image that each process holds whole.
    masked, probabilities : bool
        Whether there is a mask; whether images of probabilities are written.
    """

    itemsize: int
    chunk: int = 0
    held: int = 0
    masked: bool = False
    probabilities: bool = False


def table_bytes(nodes: int, edges: int, axes: int, id_itemsize: int, node_columns: int, edge_columns: int) -> int:
    """Return the bytes of a node table and an edge table: ids, positions, areas and features."""
    node = id_itemsize + 8 * axes + 4 + 4 * node_columns
    return nodes * node + edges * (2 * id_itemsize + 4 * edge_columns)


def readable_bytes(count: float) -> str:
    """Return a number of bytes as people read it, such as "1.5 GiB"."""
    step = 0
    while count >= 1024 and step < len(UNITS) - 1:
        count, step = count / 1024, step + 1
    return f"{count:.1f} {UNITS[step]}" if step > 2 and count < 100 else f"{count:.0f} {UNITS[step]}"


def with_slack(stages: Mapping[str, int]) -> int:
    """Return the bytes of the largest stage of a task, with what allocators and pools keep."""
    return POOLS + max(stages.values()) * (100 + SLACK_PERCENT) // 100
