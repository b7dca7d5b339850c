"""A random forest on the filter responses of each pixel, as in interactive pixel classifiers."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from terrazzo.blockwise.arrays.predict import predict
from terrazzo.comparison.assignment import Assignment
from terrazzo.comparison.methods import Figures
from terrazzo.comparison.written_classes import write_classes
from terrazzo.io.images.image import Image
from terrazzo.io.model_file import open_model as open_model
from terrazzo.io.model_file import write_model as write_model
from terrazzo.io.results.result import Result
from terrazzo.models.forest.model import ForestModel
from terrazzo.training.forest.fit_forest import fit_forest
from terrazzo.training.rules.training import ForestTraining

TITLE = "Random forest on pixels"


KINDS = (ForestTraining,)


def fit(assignment: Assignment) -> ForestModel:
    """Fit as `terrazzo.fit_forest` does, on the CPU; epochs do not apply."""
    (training,) = assignment.values(*KINDS)
    pairs = assignment.images(), assignment.annotations()
    return fit_forest(*pairs, class_names=assignment.class_names, training=training)


def warm_up() -> None:
    """Load scikit-learn and compile the kernels."""
    image = np.random.default_rng(0).integers(0, 255, (64, 64), np.uint8)
    quick = ForestTraining(validation=(1,), samples=100, trees=10)
    model = fit_forest([image] * 2, [image // 128] * 2, training=quick)
    predict(model, image).compute()


def write_prediction(model: ForestModel, image: Image, path: Path, device: str) -> Image:  # noqa: ARG001
    """Write the class of each pixel; trees run on the CPU, whatever the device."""
    return write_classes(predict(model, image), path)


def figures(model: ForestModel, prediction: Result | Image) -> Figures:  # noqa: ARG001
    """Count the nodes of the trees, each of which holds a threshold or the shares of a leaf."""
    trees = len(model.trees.roots)
    return {
        "parameters": model.trees.column.size,
        "multiply_adds_per_pixel": None,
        "note": f"nodes of {trees} trees, which compare and do not multiply",
    }
