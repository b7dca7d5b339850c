import json

import numpy as np
import pytest
import zarr
from segmented import grid_of

from terrazzo.io.levels.level_arrays import LevelArrays
from terrazzo.io.levels.pyramid import Pyramid

SHAPE = (100, 130)
GRID = grid_of(SHAPE, (3, 3), (4, 4))


def filled(path, grid, values, zarr_format=3):
    """Write values as tasks do, block by block and then step by step."""
    pyramid, axes = Pyramid.of(grid), len(grid.lattice.shape)
    arrays = LevelArrays(str(path), pyramid, planes=len(values) if values.ndim > axes else 0)
    arrays.create(zarr.create_group(path, zarr_format=zarr_format), values.dtype)
    for block in grid:
        for plane, layer in enumerate(values if arrays.planes else [values]):
            arrays.write(block, layer[block.core.slices], plane)
    for step in pyramid.steps:
        for tile in pyramid.tiles(step):
            arrays.coarsen(step, tile)
    return arrays


@pytest.mark.parametrize("zarr_format", [2, 3])
@pytest.mark.parametrize("planes", [0, 2])
def test_every_level_is_a_sample_of_the_pixels(tmp_path, zarr_format, planes):
    shape = (planes, *SHAPE) if planes else SHAPE
    values = np.random.default_rng(0).integers(0, 255, shape, np.uint8)
    arrays = filled(tmp_path / "image", GRID, values, zarr_format)
    assert len(arrays.pyramid.factors) == 7
    for level, (y, x) in enumerate(arrays.pyramid.factors):
        stored = zarr.open_array(tmp_path / "image" / str(level), mode="r")
        assert stored.metadata.zarr_format == zarr_format
        assert np.array_equal(stored[:], values[..., ::y, ::x])
    assert np.array_equal(arrays.read(np.s_[..., 3:40, 5:9]), values[..., 3:40, 5:9])


def test_a_volume_has_its_levels(tmp_path):
    grid = grid_of((12, 50, 40), (2, 3, 3), (4, 4, 4))
    values = np.random.default_rng(0).integers(0, 2**40, (12, 50, 40), np.uint64)
    arrays = filled(tmp_path / "volume", grid, values)
    for level, (z, y, x) in enumerate(arrays.pyramid.factors):
        stored = zarr.open_array(tmp_path / "volume" / str(level), mode="r")
        assert np.array_equal(stored[:], values[::z, ::y, ::x])


def test_axes_are_named_in_zarr_v3_and_chunks_lie_in_folders_in_v2(tmp_path):
    filled(tmp_path / "three", GRID, np.ones((2, *SHAPE), np.uint8))
    assert zarr.open_array(tmp_path / "three" / "1").metadata.dimension_names == ("c", "y", "x")
    filled(tmp_path / "two", GRID, np.ones(SHAPE, np.uint8), zarr_format=2)
    written = json.loads((tmp_path / "two" / "0" / ".zarray").read_text())
    assert written["dimension_separator"] == "/"
    assert written["compressor"]["id"] == "blosc"
