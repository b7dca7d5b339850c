"""Superpixels that hear their neighbours by direction, and pixels that decide: what this package is for."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np

from terrazzo.blockwise.arrays.predict import predict
from terrazzo.blockwise.runs.write_prediction import write_prediction as write_result
from terrazzo.comparison.assignment import Assignment
from terrazzo.comparison.methods import Figures
from terrazzo.io.images.image import Image
from terrazzo.io.model_file import open_model as open_model
from terrazzo.io.model_file import write_model as write_model
from terrazzo.io.results.result import Result
from terrazzo.lattice import spacing
from terrazzo.memory import EDGES_PER_NODE
from terrazzo.models.lattice.model import LatticeModel
from terrazzo.models.lattice.network import LatticeConfig
from terrazzo.models.lattice.settings import LatticeSettings
from terrazzo.models.messages.settings import FITTED_SIZE
from terrazzo.regions.superpixels.superpixel_parameters import SuperpixelParameters
from terrazzo.training.fit import fit as fit_images
from terrazzo.training.lattice.settings import LatticeTraining

TITLE = "Lattice network on superpixels and pixels"


KINDS = (SuperpixelParameters, LatticeSettings, LatticeTraining)


def fit(assignment: Assignment) -> LatticeModel:
    """Fit as `terrazzo.fit` does; a size has one number per axis."""
    images = assignment.images()
    size = assignment.settings.get("size", FITTED_SIZE)
    settings = {**assignment.settings, "size": spacing(size, len(images[0].extent))}
    values = replace(assignment, settings=settings).values(*KINDS)
    named = dict(zip(("superpixels", "network", "training"), values, strict=True))
    return fit_images(images, assignment.annotations(), class_names=assignment.class_names, **named)


def warm_up() -> None:
    """Load torch and compile the kernels."""
    image = np.random.default_rng(0).integers(0, 255, (64, 64), np.uint8)
    quick = LatticeTraining(steps=1, device="cpu")
    shape = LatticeSettings(levels=1, blocks=1, width=4, pixel_width=4)
    model = fit_images([image], [image // 128], size=4, network=shape, training=quick)
    predict(model, image, device="cpu").compute()


def write_prediction(model: LatticeModel, image: Image, path: Path, device: str) -> Result:
    """Write superpixels, graph and classes."""
    return write_result(model, image, path, device=device, overwrite=True)


def figures(model: LatticeModel, prediction: Result) -> Figures:
    """Count the network's weights and its multiply-adds, of all superpixels and of all pixels as if each were asked."""
    run = prediction.run["figures"]
    nodes = run["superpixels"] / run["pixels"]
    return {
        "parameters": sum(weights.numel() for weights in model.network.parameters()),
        "multiply_adds_per_pixel": nodes * multiply_adds_per_cell(model.network.config)
        + multiply_adds_per_pixel(model.network.config),
        "note": "of the network, all pixels asked; superpixels, filters and what blocks repeat are not counted",
    }


def multiply_adds_per_cell(config: LatticeConfig) -> float:
    """Return the multiplications, each with an addition, that a network does for each cell of the lattice."""
    settings = config.settings
    width, levels = settings.width, settings.coarser
    each = (3**config.axes + 1) * width**2
    total = float(config.node_columns * width + width * config.classes + 2 * width * settings.pixel_width)
    cells = math.prod(settings.pooling(config.axes))
    total += settings.crf_steps * config.classes * (config.classes + 2 * EDGES_PER_NODE[config.axes])
    for level in range(levels + 1):
        rounds = (settings.blocks if level else settings.finest) * (2 if level < levels else 1)
        # to the next level and back
        between = 2 * width**2 if level else 0
        total += (rounds * each + between) / cells**level
    return total


def multiply_adds_per_pixel(config: LatticeConfig) -> int:
    """Return those that it does for each pixel that is asked."""
    width = config.settings.pixel_width
    if config.settings.decision == "region":
        return 0
    return (config.pixel_columns + int(2**config.axes) + config.classes) * width
