"""What a task is projected to hold is what it holds: measured in processes of their own."""

from pathlib import Path

import numpy as np
import peak_of_tasks
import pytest
from forked import printed_apart
from peak_of_tasks import CONFIGURATIONS, WARM, highest_of
from segmented import blobs

import terrazzo as tz
from terrazzo.memory import POOLS

needs_proc = pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="peaks are read from Linux's /proc")


def _write(path, shape, dtype):
    """Write soft blobs with some noise; a volume's sections repeat."""
    channels, *extent = shape
    section = np.clip(blobs(tuple(extent[-2:]), channels), 0, 1) * highest_of(dtype)
    pixels = section if len(extent) == 2 else np.repeat(section[:, None], extent[0], axis=1)
    tz.write_ome_zarr(path, pixels.astype(dtype), axes="cyx" if len(extent) == 2 else "czyx")


@needs_proc
@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_a_task_takes_at_most_what_is_projected_and_at_least_half(name, tmp_path):
    shape, dtype, superpixels, *_ = CONFIGURATIONS[name]
    size = superpixels.get("size", (16, 16))
    _write(tmp_path / "image.ome.zarr", shape, dtype)
    _write(tmp_path / f"{WARM}.ome.zarr", (shape[0], *(4 * s for s in size)), dtype)
    found = printed_apart(peak_of_tasks.main, tmp_path, name, log=tmp_path / "printed.txt")
    for task, (measured, projected) in found.items():
        figures = f"{task}: measured {measured / 2**20:.1f} MiB, projected {projected / 2**20:.1f} MiB"
        print(figures)
        # pools may have grown before, and then a small task takes less
        assert measured <= projected <= 2 * measured + POOLS, figures
