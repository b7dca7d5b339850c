import os
from pathlib import Path

import imageio.v3 as imageio
import numpy as np
import pytest
import zarr

from terrazzo.errors import InputError
from terrazzo.io.images.content_stamp import content_stamp
from terrazzo.io.images.open_image import open_image


def stamp(path):
    return content_stamp(open_image(path).stored)


@pytest.mark.parametrize("name", ["image.png", "image.tif", "image.npy"])
def test_a_file_that_is_written_again_has_another_stamp(tmp_path, name):
    path, pixels = tmp_path / name, np.zeros((20, 30), np.uint8)
    write = np.save if name.endswith("npy") else imageio.imwrite
    write(path, pixels)
    first = stamp(path)
    assert stamp(path) == first
    os.utime(path, ns=(0, path.stat().st_mtime_ns + 1))
    assert stamp(path) != first


@pytest.mark.parametrize("layout", [{"zarr_format": 2}, {"zarr_format": 3}, {"shards": (8, 8)}])
def test_pixels_written_into_a_zarr_array_change_its_stamp(tmp_path, layout):
    path = tmp_path / "image.zarr"
    array = zarr.create_array(path, shape=(40, 50), chunks=(4, 4), dtype=np.uint8, **layout)
    array[:20] = 1
    first = stamp(path)
    assert stamp(path) == first
    (path / "notes.txt").write_text("what others put beside the array does not matter")
    assert stamp(path) == first
    array[:] = 2
    assert stamp(path) != first


def test_an_image_that_is_gone_is_an_input_error(tmp_path):
    np.save(tmp_path / "image.npy", np.zeros((20, 30), np.uint8))
    stored = open_image(tmp_path / "image.npy").stored
    Path(tmp_path / "image.npy").unlink()
    with pytest.raises(InputError, match=r"image\.npy' cannot be read"):
        content_stamp(stored)
