"""What it costs to plan and submit the blocks of a vast image, with tasks that do nothing.

python benchmarks/submission.py [BLOCKS]

The image has 10^6 x 10^6 pixels and blocks of 2048: 239 121 of them, or the first BLOCKS. They run on the local cluster
that `terrazzo predict` starts; its scheduler lives in the client's process, so one figure is the memory of both.
"""

import itertools
import json
import resource
import sys
import time

from terrazzo.blocks import Block, BlockGrid
from terrazzo.blockwise.cluster.cluster import cluster_client
from terrazzo.blockwise.cluster.run_blocks import run_blocks
from terrazzo.lattice import Lattice

SIDE = 1_000_000


def nothing(block: Block) -> None:
    pass


def main(most: int | None = None) -> None:
    print(json.dumps({name: round(value, 3) for name, value in submit(most).items()}, indent=1))


def submit(most: int | None) -> dict[str, float]:
    """Run tasks that do nothing for the first blocks of the image, or for all."""
    grid = BlockGrid.of(Lattice((SIDE, SIDE), (16, 16)))
    with cluster_client() as client:
        before = peak()
        began, used = time.perf_counter(), time.process_time()
        run = sum(1 for _ in run_blocks(nothing, itertools.islice(grid.along_curve(), most), client=client))
        seconds, used = time.perf_counter() - began, time.process_time() - used
    return {
        "blocks": run,
        "seconds": seconds,
        "processor_seconds_of_scheduler_and_client": used,
        "seconds_per_1000_blocks": seconds / run * 1000,
        "projected_seconds_for_1_terapixel": seconds / run * len(grid),
        "peak_gib_of_scheduler_and_client": peak(),
        "of_which_before_the_run": before,
    }


def peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
