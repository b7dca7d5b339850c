"""What a task of a U-Net or a forest is projected to hold is what it holds: measured in processes of their own."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from peak_of_pixels import CONFIGURATIONS
from peak_of_tasks import AS_A_WORKER
from unets import random_unet

import terrazzo as tz
from terrazzo.blockwise.planning.work import Work
from terrazzo.memory import Reading
from terrazzo.models.unet.pixel_task import PixelTask

SCRIPT = Path(__file__).parents[2] / "peak_of_pixels.py"

needs_proc = pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="peaks are read from Linux's /proc")


@needs_proc
@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_a_task_takes_at_most_what_is_projected_and_at_least_two_fifths(name, tmp_path):
    shape, dtype, *_ = CONFIGURATIONS[name]
    pixels = np.random.default_rng(0).integers(0, 200, shape).astype(dtype)
    tz.write_ome_zarr(tmp_path / "image.ome.zarr", pixels, axes="cyx" if len(shape) == 3 else "czyx")
    command = [sys.executable, SCRIPT, tmp_path, name]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | AS_A_WORKER)
    assert done.returncode == 0, done.stderr
    measured, projected = json.loads(done.stdout)
    figures = f"measured {measured / 2**20:.1f} MiB, projected {projected / 2**20:.1f} MiB"
    print(figures)
    assert measured <= projected <= 2.5 * measured, figures


def test_the_pixels_that_blocks_read_are_those_of_their_windows():
    model = random_unet(depth=3)
    grid, work = model.grid((300, 170), 32), Work.of(model, Reading(1))
    assert work.pixels_read(grid) == sum(np.prod(model.window(block).shape) for block in grid)


def test_what_a_process_holds_is_counted_once_and_what_a_task_holds_for_each_thread():
    model = random_unet(depth=3)
    grid, work = model.grid((900, 900), 128), Work.of(model, Reading(1))
    one, two = (work.memory_of_worker(grid, threads) for threads in (1, 2))
    assert two - one == work.memory_of_task(work.passes[0], grid)
    assert work.memory_of_worker(grid, 10_000) == work.memory_of_worker(grid, len(grid))
    assert Work.of(model, Reading(1, held=1000)).memory_of_worker(grid, 1) == one + 1000


def test_a_task_holds_more_where_chunks_are_large_or_there_is_a_mask():
    task = {"channels": 1, "itemsize": 1, "classes": 2, "read": 10**6, "padded": 10**6, "core": 5 * 10**5}
    plain = PixelTask(**task, alive=10**5)
    assert PixelTask(**task, alive=10**8).bytes > plain.bytes
    assert PixelTask(**task, alive=10**5, chunk=10**8).bytes > plain.bytes
    assert PixelTask(**task, alive=10**5, masked=True).stages["scale"] == plain.stages["scale"] + 10**6
