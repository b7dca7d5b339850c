"""An image in flat squares and a result of it, written by hand: what the page in the browser shows."""

from importlib.util import find_spec
from types import SimpleNamespace

import numpy as np
import pytest
import zarr
from written import finish

from terrazzo.blocks import BlockGrid
from terrazzo.io.results.new_result import create_result
from terrazzo.io.results.result import CLASSES, PROBABILITIES, SUPERPIXELS, open_result
from terrazzo.lattice import Lattice

SQUARE = 16
NAMES, COLOURS = ("ground", "a <b> & 'c'", "stone"), ("#0a141e", "#ff00ff", "#00ff80")


def require_client():
    """Skip where what shows the page is not installed."""
    if find_spec("neuroglancer") is None:
        pytest.skip("the page is shown by neuroglancer, which is not installed: pip install 'terrazzo[view]'")


def squares(shape, high, seed=0):
    """Return an array of squares, in a volume of sections, each of one value below `high`."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, high, [*shape[:-2], *(-(-length // SQUARE) for length in shape[-2:])], np.uint8)
    return coarse.repeat(SQUARE, -2).repeat(SQUARE, -1)[..., : shape[-2], : shape[-1]]


def lattice_ids(lattice):
    """Return labels that are the lattice's cells."""
    cells = [np.arange(n) // size for n, size in zip(lattice.shape, lattice.size, strict=True)]
    counts = [-(-n // size) for n, size in zip(lattice.shape, lattice.size, strict=True)]
    return (1 + np.ravel_multi_index(np.meshgrid(*cells, indexing="ij"), counts)).astype(lattice.dtype)


def write_shown(path, extent, size, *, cells=16, seed=1, made_from=None, finished=True):
    """Write a result of squares; return it with the arrays that it holds."""
    grid = BlockGrid(Lattice(extent, size), (cells,) * len(extent))
    classes, ids = squares(extent, len(NAMES), seed), lattice_ids(grid.lattice)
    classes[..., :5, :5] = 255
    probabilities = np.random.default_rng(seed).integers(0, 128, (len(NAMES), *extent), np.uint8)
    probabilities[..., :5, :5] = 0
    result = create_result(
        path,
        grid,
        node_columns=("mean",),
        edge_columns=("boundary_length",),
        class_names=NAMES,
        colours=COLOURS,
        pixel_size=None,
        made_from={"colours": COLOURS} | (made_from or {}),
        probabilities=True,
    )
    planes = {CLASSES: [classes], SUPERPIXELS: [ids], PROBABILITIES: probabilities}
    for key, arrays in ((key, result.arrays(key)) for key in planes):
        for block in grid:
            for number, plane in enumerate(planes[key]):
                arrays.write(block, plane[block.core.slices], number)
        for step in result.pyramid.steps:
            for tile in result.pyramid.tiles(step):
                arrays.coarsen(step, tile)
    if finished:
        finish(result, {})
    return SimpleNamespace(result=open_result(path), classes=classes, ids=ids, probabilities=probabilities)


def stored(folder, name):
    """Return the arrays of a layer of a page that lies in a folder, finest first, with its metadata."""
    group = zarr.open_group(folder / name, mode="r", zarr_format=3)
    (entry,) = group.attrs["ome"]["multiscales"]
    return [group[one["path"]] for one in entry["datasets"]], entry
