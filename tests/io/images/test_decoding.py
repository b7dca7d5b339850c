import imageio.v3 as imageio
import numpy as np
import pytest
import tifffile

import terrazzo as tz
from terrazzo.errors import InputError
from terrazzo.io.images.decoding import Decoding, decoding

PIXELS = np.zeros((600, 400), np.uint16)


def _decoding(path):
    return decoding(tz.open_image(path).stored)


def test_a_zarr_is_read_in_its_stored_chunks(tmp_path):
    tz.write_ome_zarr(tmp_path / "a.ome.zarr", PIXELS, axes="yx", chunks=(128, 64))
    assert _decoding(tmp_path / "a.ome.zarr") == Decoding(held=0, chunk=128 * 64 * 2)


def test_a_tiled_tiff_is_read_tile_by_tile(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", PIXELS, tile=(64, 32), compression="zlib")
    assert _decoding(tmp_path / "a.tif") == Decoding(held=0, chunk=64 * 32 * 2)


def test_what_is_mapped_costs_nothing(tmp_path):
    np.save(tmp_path / "a.npy", PIXELS)
    tifffile.imwrite(tmp_path / "a.tif", PIXELS)
    assert _decoding(tmp_path / "a.npy") == _decoding(tmp_path / "a.tif") == Decoding(0, 0)


def test_what_cannot_be_read_in_parts_is_held_whole(tmp_path):
    imageio.imwrite(tmp_path / "a.png", PIXELS)
    tifffile.imwrite(tmp_path / "a.tif", PIXELS, compression="zlib", rowsperstrip=600)
    assert _decoding(tmp_path / "a.png") == _decoding(tmp_path / "a.tif") == Decoding(PIXELS.nbytes, 0)


def test_a_file_that_has_gone_is_named(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", PIXELS)
    stored = tz.open_image(tmp_path / "a.tif").stored
    (tmp_path / "a.tif").unlink()
    with pytest.raises(InputError, match=r"a\.tif' cannot be opened"):
        decoding(stored)
