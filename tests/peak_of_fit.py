"""Run as a script: the memory that fitting lattice networks takes once there are tables, and what was projected.

What is printed is one JSON document, of each configuration both numbers.
"""

import json

import numpy as np
import torch
from peak_of_tasks import peak

import terrazzo as tz
from terrazzo.blocks import BlockGrid
from terrazzo.lattice import Lattice
from terrazzo.models.lattice.model import config_of
from terrazzo.training.lattice import fit_images
from terrazzo.training.lattice.training_task import fit_bytes, table_bytes

# extent of each of two images, size of superpixels, network
CONFIGURATIONS = {
    "image": ((768, 768), (8, 8), {"width": 96, "finest": 3, "blocks": 3, "crf_steps": 3}),
    "volume": ((24, 128, 128), (2, 8, 8), {"width": 64, "finest": 2, "pixel_width": 64}),
}
TRAIN = fit_images.train


def measured(extent, size, network):
    """Return the bytes that training raises resident memory by on two images, one of them held out."""
    rng, rises = np.random.default_rng(0), []
    images, annotations = ([rng.integers(0, most, extent).astype(np.uint8) for _ in range(2)] for most in (200, 3))

    def train(*given):
        fitted = []
        rises.append(peak(lambda: fitted.append(TRAIN(*given))))
        return fitted[0]

    fit_images.train = train
    training = tz.LatticeTraining(steps=3, device="cpu", validation=(1,))
    model = tz.fit(images, annotations, size=size, network=tz.LatticeSettings(**network), training=training)
    config = config_of(model.recipe, 3, model.settings)
    grids = {BlockGrid.of(Lattice(extent, size), None): 2}
    # tables are there before it begins
    return rises[0], fit_bytes(config, training, grids) - table_bytes(config, training, grids)


def main():
    torch.set_num_threads(1)
    # libraries make their pools once per process
    measured((64, 64), (8, 8), {"width": 8})
    print(json.dumps({name: measured(*given) for name, given in CONFIGURATIONS.items()}))


if __name__ == "__main__":
    main()
