"""Run as a script: the memory that a block's two tasks take in a process of their own, and what was projected.

    python peak_of_tasks.py FOLDER CONFIGURATION

FOLDER holds `image.ome.zarr`; what is printed is one JSON document.
"""

import ctypes
import gc
import json
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
from untrained import nested_model

from terrazzo.blocks import BlockGrid
from terrazzo.blockwise.cluster.worker_server import SETTINGS
from terrazzo.blockwise.passes.sources import Sources
from terrazzo.blockwise.passes.stored_passes import write_pass
from terrazzo.blockwise.planning.work import Work
from terrazzo.io.images.open_image import open_image
from terrazzo.io.results.new_result import create_result
from terrazzo.io.results.result_writer import ResultWriter
from terrazzo.lattice import Lattice
from terrazzo.memory import Reading
from terrazzo.models.gnn import model as gnn
from terrazzo.models.lattice import model as lattice
from terrazzo.models.lattice.settings import LatticeSettings
from terrazzo.models.nested.model import NESTED_FEATURES
from terrazzo.models.passes.declared import Near
from terrazzo.regions.graphs.recipe import Recipe
from terrazzo.regions.statistics.features import AREA, DEFAULT_FEATURES, INTENSITY, LATTICE_FEATURES, STATISTICS
from terrazzo.regions.superpixels.superpixel_parameters import SuperpixelParameters

# shape, dtype, superpixels, features, block
CONFIGURATIONS = {
    "grey": ((1, 2048, 2048), "uint8", {}, DEFAULT_FEATURES, 2048),
    "colour": ((3, 1792, 1792), "uint8", {}, DEFAULT_FEATURES, 896),
    "small superpixels, 16 bit": ((1, 1024, 1024), "uint16", {"size": (4, 4)}, DEFAULT_FEATURES, 512),
    "coarse, many features": ((1, 1536, 1536), "uint8", {"size": (32, 32), "sigma": 6.0}, STATISTICS[:10], 1024),
    "lattice network": ((1, 1536, 1536), "uint8", {}, LATTICE_FEATURES, 1536),
    "lattice network, colour": ((3, 1536, 1536), "uint8", {"size": (8, 8)}, LATTICE_FEATURES, 512),
    "volume": ((1, 40, 192, 192), "uint8", {"size": (2, 8, 8)}, DEFAULT_FEATURES, 192),
    "sections of a volume": ((1, 40, 192, 192), "uint8", {"size": (1, 8, 8)}, LATTICE_FEATURES, 192),
    "nested graphs": ((30, 640, 640), "uint8", {"size": (8, 8)}, NESTED_FEATURES, 320),
    "few features, large block": ((1, 2048, 2048), "float32", {}, (AREA, INTENSITY), 2048),
}
SCALE = 0.2
# as the nannies of our clusters start their workers
AS_A_WORKER = SETTINGS
WARM = "warm"


def highest_of(name):
    """Return the value of a white pixel."""
    return 1.0 if name == "float32" else float(np.iinfo(name).max)


def _status(key):
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith(key))


def peak(function, *arguments):
    """Return the bytes by which a call raises this process's resident memory at its highest."""
    gc.collect()
    # pages that earlier tasks freed and an allocator kept would be taken again unseen
    pa.default_memory_pool().release_unused()
    ctypes.CDLL(None).malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5")
    before = _status("VmRSS")
    function(*arguments)
    return _status("VmHWM") - before


def _measure(folder, path, shape, dtype, superpixels, features, side):
    image = open_image(path)
    recipe = Recipe(shape[0], SuperpixelParameters(**superpixels), features)
    if features is LATTICE_FEATURES:
        # all pixels are asked; in some configurations there is a conditional random field
        chosen = LatticeSettings(sure=2.0, crf_steps=3 * (side < 1000))
        model = lattice.unfitted_model(recipe, settings=chosen)
    elif features is NESTED_FEATURES:
        model = nested_model(recipe, width=64, region=10, nearest=50, k=3.0)
    else:
        model = gnn.unfitted_model(recipe)
    work = Work.of(model, Reading(image.dtype.itemsize))
    grid = BlockGrid.of(Lattice(shape[1:], recipe.superpixels.size), side)
    result = create_result(
        folder / f"{path.stem}-result.zarr",
        grid,
        node_columns=recipe.node_columns,
        edge_columns=recipe.edge_columns,
        class_names=model.class_names,
        colours=model.colours,
        pixel_size=None,
        made_from={},
    )
    block = grid[tuple((count - 1) // 2 for count in grid.shape)]
    segment, classify = work.passes
    shared = Sources(image.stored, estimates={"intensity_scale": SCALE * highest_of(dtype)}), ResultWriter(result)
    first = peak(write_pass, block, segment, *shared)
    (reach,) = (read.cells for read in classify.reads if isinstance(read, Near))
    for near in grid.neighbours(block, reach):
        if near != block:
            write_pass(near, segment, *shared)
    second = peak(write_pass, block, classify, *shared)
    found = zip(("segment", "classify"), (first, second), work.passes, strict=True)
    return {name: (measured, work.memory_of_task(one, grid)) for name, measured, one in found}


def main(folder, name):
    shape, dtype, superpixels, features, side = CONFIGURATIONS[name]
    size = superpixels.get("size", (16, 16))
    # kernels are loaded and libraries make their pools once per process, not once per block
    tiny = (shape[0], *(4 * s for s in size))
    _measure(folder, folder / f"{WARM}.ome.zarr", tiny, dtype, superpixels, features, 1)
    print(json.dumps(_measure(folder, folder / "image.ome.zarr", shape, dtype, superpixels, features, side)))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
