"""Superpixels, their region adjacency graph and a graph neural network in which all neighbours speak alike."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import numpy as np

from terrazzo.blockwise.arrays.predict import predict
from terrazzo.blockwise.runs.write_prediction import write_prediction as write_result
from terrazzo.comparison.assignment import Assignment
from terrazzo.comparison.fitted_on_superpixels import fitted_on_superpixels
from terrazzo.comparison.methods import Figures
from terrazzo.io.images.image import Image
from terrazzo.io.model_file import open_model as open_model
from terrazzo.io.model_file import write_model as write_model
from terrazzo.io.results.result import Result
from terrazzo.models.gnn.model import Model
from terrazzo.models.gnn.network import GNNConfig
from terrazzo.models.gnn.settings import GNNSettings
from terrazzo.regions.superpixels.superpixel_parameters import SuperpixelParameters
from terrazzo.training.fit import fit as fit_images
from terrazzo.training.rules.training import GNNTraining

TITLE = "Graph network on the region adjacency graph"


KINDS = (SuperpixelParameters, GNNSettings, GNNTraining)


def fit(assignment: Assignment) -> Model:
    """Fit as `terrazzo.fit` does."""
    return cast(Model, fitted_on_superpixels(assignment, GNNSettings, GNNTraining))


def warm_up() -> None:
    """Load torch and DGL and compile the kernels."""
    image = np.random.default_rng(0).integers(0, 255, (64, 64), np.uint8)
    quick = GNNTraining(epochs=1, device="cpu")
    model = fit_images([image], [image // 128], size=4, network=GNNSettings(layers=1, width=4), training=quick)
    predict(model, image, device="cpu").compute()


def write_prediction(model: Model, image: Image, path: Path, device: str) -> Result:
    """Write superpixels, graph and classes."""
    return write_result(model, image, path, device=device, overwrite=True)


def figures(model: Model, prediction: Result) -> Figures:
    """Count the network's weights, and its multiply-adds from its layers and the superpixels and edges per pixel."""
    run = prediction.run["figures"]
    config = model.network.config
    nodes, edges = run["superpixels"] / run["pixels"], run["edges"] / run["pixels"]
    return {
        "parameters": sum(weights.numel() for weights in model.network.parameters()),
        "multiply_adds_per_pixel": nodes * multiply_adds_per_node(config) + edges * multiply_adds_per_edge(config),
        "note": "of the network; superpixels and filters are not counted",
    }


def multiply_adds_per_node(config: GNNConfig) -> int:
    """Return the multiplications, each with an addition, that a network does at each node."""
    width = config.width
    layer = 3 * width * width + (2 * width * width if config.aggregation == "attention" else 0)
    return config.node_features * width + config.layers * layer + width * config.classes


def multiply_adds_per_edge(config: GNNConfig) -> int:
    """Return those that it does along each edge, both ways."""
    width = config.width
    each = width if config.aggregation == "mean" else (config.edge_features + 2) * width
    return 2 * config.layers * each
