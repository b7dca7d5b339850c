"""How far the lazy path goes: tasks, seconds and memory of graphs that Dask holds as a whole.

python benchmarks/overlapped.py

A foreign Dask array has one graph for the whole image. Building it, and the scheduler's share of running it, are what
limits its size: the image here has blocks of 64 pixels, so that hardly anything but handling tasks is left.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from typing import Any

import dask.array as da
import numpy as np
import psutil

import terrazzo as tz
from terrazzo.blockwise.cluster.cluster import cluster_client

BLOCK, SIZE = 64, 8
BUILT, RUN = (32, 64, 128), (16, 32, 48)


def main() -> None:
    """Measure each in a process of its own, whose memory is only its own."""
    if sys.argv[1:]:
        what, side = sys.argv[1], int(sys.argv[2])
        print(json.dumps(built(side) if what == "build" else run(side)))
        return
    rows = {"build": BUILT, "run": RUN}
    print(json.dumps({what: [measured(what, side) for side in sides] for what, sides in rows.items()}, indent=1))


def measured(what: str, side: int) -> dict[str, Any]:
    line = [sys.executable, __file__, what, str(side)]
    return json.loads(subprocess.run(line, check=True, capture_output=True, text=True).stdout)


def built(side: int) -> dict[str, Any]:
    """Build the labels and the graph of side x side blocks."""
    image, before = checkerboard(side), resident()
    began = time.perf_counter()
    labels = tz.superpixels(image, size=SIZE, block=BLOCK, scale=1.0)
    middle = time.perf_counter()
    tasks = len(labels.__dask_graph__())
    return {
        "blocks": side * side,
        "tasks_per_block": round(tasks / side**2, 2),
        "seconds": round(middle - began, 2),
        "mib": resident() - before,
    }


def run(side: int) -> dict[str, Any]:
    """Compute the largest id of the labels on a local cluster; its scheduler lives in this process."""
    with cluster_client() as client:
        tz.superpixels(checkerboard(4), size=SIZE, block=BLOCK, scale=1.0).max().compute()  # loads the kernels
        before = resident()
        labels = tz.superpixels(checkerboard(side), size=SIZE, block=BLOCK, scale=1.0)
        largest = labels.max()
        tasks = len(largest.__dask_graph__())
        began = time.perf_counter()
        client.compute(largest).result()
        seconds = time.perf_counter() - began
    return {
        "blocks": side * side,
        "tasks": tasks,
        "milliseconds_per_task": round(seconds / tasks * 1000, 3),
        "kib_per_task_in_client_and_scheduler": round((resident() - before) * 1024 / tasks, 2),
    }


def checkerboard(side: int) -> da.Array:
    return da.zeros((side * BLOCK, side * BLOCK), chunks=BLOCK, dtype=np.uint8)


def resident() -> int:
    return psutil.Process().memory_info().rss // 2**20


if __name__ == "__main__":
    main()
