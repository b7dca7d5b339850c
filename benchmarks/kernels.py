"""Each kernel's speed on one core, with scikit-image's `slic` beside it in the same run.

python benchmarks/kernels.py
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from scipy.ndimage import gaussian_filter
from skimage.color import rgb2lab
from skimage.segmentation import slic as skimage_slic

from terrazzo.blocks import BlockGrid, Box
from terrazzo.kernels.filters import StructureTensor, gaussian, hessian_eigenvalues, local_mean_and_std
from terrazzo.kernels.measures.quantiles import deciles
from terrazzo.kernels.superpixels.connectivity import connect
from terrazzo.kernels.superpixels.lab import lab
from terrazzo.kernels.superpixels.slic import slic
from terrazzo.lattice import Lattice
from terrazzo.models.unet.description import MeanField
from terrazzo.models.unet.mean_field import LocalMeanField
from terrazzo.regions.graphs.block_graph import block_graph
from terrazzo.regions.graphs.recipe import Recipe
from terrazzo.regions.statistics.core_responses import CoreResponses
from terrazzo.regions.statistics.features import AREA, DEFAULT_FEATURES, LATTICE_FEATURES
from terrazzo.regions.statistics.filter_bank import BANKS, ResponseBank
from terrazzo.regions.superpixels.block_labels import block_labels
from terrazzo.regions.superpixels.superpixel_parameters import SuperpixelParameters
from terrazzo.synthetic import colony_block

SIDE, SIZE, TILE, REPEATS = 2048, 16, 256, 5


def megapixels_per_second(function: Callable[[], object]) -> float:
    """Return the median over several runs, after one that compiles."""
    function()
    seconds = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        function()
        seconds.append(time.perf_counter() - began)
    return round(SIDE * SIDE / 1e6 / sorted(seconds)[REPEATS // 2], 1)


def main() -> None:
    torch.set_num_threads(1)
    grey = colony_block((0, 0), (SIDE, SIDE))[0].astype(np.float32)[None, None] / 25
    colour = np.concatenate([grey, grey[:, :, ::-1], grey[..., ::-1]])
    tiles = SIDE // TILE
    volume = grey.reshape(1, tiles, TILE, tiles, TILE).swapaxes(2, 3).reshape(1, tiles * tiles, TILE, TILE).copy()
    size, volume_size = (1, SIZE, SIZE), (2, 8, 8)
    cells = slic(grey, size, 0.45, 5, all_cells(grey, size))
    labels, _ = connect(cells, grey, size)
    area = np.bincount(labels.ravel(), minlength=(SIDE // SIZE) ** 2)
    measured = {
        "slic, 1 channel": lambda: slic(grey, size, 0.45, 5, all_cells(grey, size)),
        "slic, 3 channels": lambda: slic(colour, size, 0.45, 5, all_cells(colour, size)),
        "slic, volume": lambda: slic(volume, volume_size, 0.45, 5, all_cells(volume, volume_size)),
        "connectivity": lambda: connect(cells, grey, size),
        "gaussian, sigma 1": lambda: gaussian(grey[0], (0.0, 1.0, 1.0)),
        "scipy's gaussian_filter, sigma 1": lambda: gaussian_filter(grey[0, 0], 1.0),
        "local mean and deviation, sigma 2": lambda: local_mean_and_std(grey[0], 2.0),
        "hessian's eigenvalues": lambda: hessian_eigenvalues(grey[0], 2.0),
        "structure tensor's eigenvalues, sigma 1": lambda: StructureTensor(grey[0, 0], 1.0).eigenvalues(),
        "deciles": lambda: deciles(grey[0], labels, area),
        "CIELAB": lambda: lab(colour),
        "scikit-image rgb2lab": lambda: rgb2lab(colour, channel_axis=0),
    }
    field, logits = LocalMeanField(MeanField(3, (3, 3)), 1, 3).requires_grad_(False), torch.randn(1, 3, SIDE, SIDE)
    pixels = torch.from_numpy(grey)
    measured["local mean field, 3 classes, radius 3, 3 steps"] = torch.no_grad()(lambda: field(logits, pixels))
    measured["the same in torch"] = torch.enable_grad()(lambda: field(logits, pixels))
    everything = Box((0, 0), (SIDE, SIDE))
    for bank in BANKS:
        measured[f"all pixels' responses, bank {bank.name}"] = partial(_strips, bank, grey[0], everything)
    for name, image in (("1 channel", grey[:, 0]), ("3 channels", colour[:, 0]), ("volume", volume)):
        measured |= _blocks(name, image, volume_size if name == "volume" else SIZE)
    measured["scikit-image slic, 1 channel"] = lambda: skimage_slic(
        grey[0, 0], n_segments=(SIDE // SIZE) ** 2, compactness=0.1, max_num_iter=5, channel_axis=None
    )
    print(json.dumps({name: megapixels_per_second(function) for name, function in measured.items()}, indent=1))


def all_cells(image: np.ndarray, size: tuple[int, ...]) -> tuple[tuple[int, int], ...]:
    return tuple((0, -(-extent // s)) for extent, s in zip(image.shape[1:], size, strict=True))


def _strips(bank: ResponseBank, image: np.ndarray, core: Box) -> None:
    for _ in CoreResponses.of(bank, image, core, core).strips():
        pass


def _blocks(name: str, image: np.ndarray, size: int | tuple[int, ...]) -> dict[str, Callable[[], object]]:
    lattice = Lattice.of(image, size)
    block = BlockGrid.of(lattice, 2 * SIDE)[(0,) * len(lattice.size)]
    recipe = Recipe(len(image), SuperpixelParameters(lattice.size))
    window = recipe.window(block)
    labels = block_labels(image, window, block, recipe.superpixels, scale=1.0, margin=1)
    return {
        f"labels of a block, {name}": lambda: block_labels(
            image, window, block, recipe.superpixels, scale=1.0, margin=1
        ),
        f"nodes and edges, area only, {name}": lambda: block_graph(image, window, labels, block, (AREA,)),
        f"nodes and edges, default features, {name}": lambda: block_graph(
            image, window, labels, block, DEFAULT_FEATURES
        ),
        f"nodes and edges, features with eigenvalues, {name}": lambda: block_graph(
            image, window, labels, block, LATTICE_FEATURES
        ),
    }


if __name__ == "__main__":
    main()
