"""Run as a script: the memory that a task of a model of pixels takes in a process of its own, and what was projected.

    python peak_of_pixels.py FOLDER CONFIGURATION

FOLDER holds `image.ome.zarr`; what is printed is one JSON document.
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch
from forests import random_forest
from peak_of_tasks import peak
from unets import random_unet

import terrazzo as tz
from terrazzo.blockwise.passes.sources import Sources
from terrazzo.blockwise.passes.stored_passes import write_pass
from terrazzo.blockwise.planning.work import Work
from terrazzo.io.images.open_image import open_image
from terrazzo.io.results.new_result import create_result
from terrazzo.io.results.result_writer import ResultWriter
from terrazzo.memory import Reading
from terrazzo.regions.statistics.filter_bank import EIGEN_BANK

SECTIONS = {"kernels": [(1, 3, 3)], "pools": [(1, 2, 2)]}

# shape and dtype of the image, block, network, forest or both
CONFIGURATIONS = {
    "small": ((1, 1536, 1536), "uint8", 768, {"base": 16, "depth": 4}),
    "wide, colour": ((3, 1024, 1024), "uint16", 256, {"base": 48, "depth": 3}),
    "volume": ((1, 48, 192, 192), "uint8", 64, {"axes": 3, "base": 16, "depth": 2, "kernels": [(1, 3, 3), 3, 3]}),
    "pyramid": ((1, 32, 192, 192), "uint8", 96, {"axes": 3, "base": 16, "depth": 2, **SECTIONS, "pyramid": 32}),
    "crf": ((1, 1024, 1024), "uint8", 512, {"base": 2, "depth": 1, "crf": 3, "crf_radius": 4}),
    "one convolution": ((1, 2048, 2048), "float32", 1024, {"base": 8, "depth": 2, "convolutions": 1}),
    "forest": ((1, 2048, 2048), "uint8", 1024, {"trees": 3}),
    "forest, colour": ((3, 1024, 1024), "uint16", 512, {"trees": 3}),
    "forest, volume": ((1, 16, 512, 512), "uint8", 256, {"trees": 3, "axes": 3}),
    "ensemble": ((1, 1024, 1024), "uint8", 512, {"members": 2}),
    "forest, eigenvalues": ((1, 1536, 1536), "uint8", 768, {"trees": 3, "bank": EIGEN_BANK}),
}


def single_model(channels, network):
    return (random_forest if "trees" in network else random_unet)(channels, 2, **network)


def small_ensemble():
    return tz.Ensemble([random_unet(1, 2, base=16, depth=3), random_forest(1, 2, trees=3)])


def main(folder, name):
    torch.set_num_threads(1)
    shape, _, side, network = CONFIGURATIONS[name]
    model = small_ensemble() if "members" in network else single_model(shape[0], network)
    image = open_image(folder / "image.ome.zarr")
    grid = model.grid(image.extent, side)
    columns = {
        "node_columns": (),
        "edge_columns": (),
        "pixel_size": None,
        "made_from": {},
        "passes": {"classes": ("classes",)},
    }
    names = {"class_names": model.class_names, "colours": model.colours}
    result = create_result(folder / "result.zarr", grid, **names, **columns)
    block = grid[tuple((count - 1) // 2 for count in grid.shape)]
    work = Work.of(model, Reading(image.dtype.itemsize))
    # libraries make their pools once per process, not once per block
    tiny = np.zeros((shape[0], *(32,) * model.axes), np.uint8)
    tz.predict(model, tiny, device="cpu").compute(scheduler="synchronous")
    measured = peak(write_pass, block, work.passes[0], Sources(image.stored), ResultWriter(result))
    print(json.dumps([measured, work.memory_of_task(work.passes[0], grid)]))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
