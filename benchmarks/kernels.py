"""Each kernel's speed on one core, with scikit-image's `slic` beside it in the same run.

python benchmarks/kernels.py
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import numpy as np
from scipy.ndimage import gaussian_filter
from skimage.segmentation import slic as skimage_slic

from terrazzo.blocks import BlockGrid
from terrazzo.kernels.connectivity import connect
from terrazzo.kernels.filters import gaussian, local_mean_and_std
from terrazzo.kernels.quantiles import deciles
from terrazzo.kernels.slic import slic
from terrazzo.lattice import Lattice
from terrazzo.regions.block_graph import block_graph, graph_window
from terrazzo.regions.block_labels import block_labels
from terrazzo.regions.features import AREA, DEFAULT_FEATURES
from terrazzo.regions.recipe import Recipe
from terrazzo.synthetic import colony_block

SIDE, SIZE, REPEATS = 2048, 16, 5


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
    grey = colony_block((0, 0), (SIDE, SIDE))[0].astype(np.float32)[None] / 25
    colour = np.concatenate([grey, grey[:, ::-1], grey[:, :, ::-1]])
    size, kept = (SIZE, SIZE), (0, SIDE // SIZE, 0, SIDE // SIZE)
    cells = slic(grey, size, 0.45, 5, kept)
    labels, _ = connect(cells, size)
    area = np.bincount(labels.ravel(), minlength=(SIDE // SIZE) ** 2)
    report = {
        "slic, 1 channel": megapixels_per_second(lambda: slic(grey, size, 0.45, 5, kept)),
        "slic, 3 channels": megapixels_per_second(lambda: slic(colour, size, 0.45, 5, kept)),
        "connectivity": megapixels_per_second(lambda: connect(cells, size)),
        "gaussian, sigma 1": megapixels_per_second(lambda: gaussian(grey[0], 1.0)),
        "scipy's gaussian_filter, sigma 1": megapixels_per_second(lambda: gaussian_filter(grey[0], 1.0)),
        "local mean and deviation, sigma 2": megapixels_per_second(lambda: local_mean_and_std(grey[0], 2.0)),
        "deciles": megapixels_per_second(lambda: deciles(grey[0], labels, area)),
    }
    for name, image in (("1 channel", grey), ("3 channels", colour)):
        report |= _blocks(name, image)
    report["scikit-image slic, 1 channel"] = megapixels_per_second(
        lambda: skimage_slic(
            grey[0], n_segments=(SIDE // SIZE) ** 2, compactness=0.1, max_num_iter=5, channel_axis=None
        )
    )
    print(json.dumps(report, indent=1))


def _blocks(name: str, image: np.ndarray) -> dict[str, float]:
    block = BlockGrid.of(Lattice.of(image, SIZE), 2 * SIDE)[0, 0]
    recipe = Recipe(len(image))
    window = recipe.window(block)
    labels = block_labels(image, window, block, recipe.superpixels, scale=1.0, margin=1)
    assert graph_window(block, DEFAULT_FEATURES).shape == window.shape
    return {
        f"labels of a block, {name}": megapixels_per_second(
            lambda: block_labels(image, window, block, recipe.superpixels, scale=1.0, margin=1)
        ),
        f"nodes and edges, area only, {name}": megapixels_per_second(
            lambda: block_graph(image, window, labels, block, (AREA,))
        ),
        f"nodes and edges, default features, {name}": megapixels_per_second(
            lambda: block_graph(image, window, labels, block, DEFAULT_FEATURES)
        ),
    }


if __name__ == "__main__":
    main()
