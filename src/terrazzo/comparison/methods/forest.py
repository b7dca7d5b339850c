"""A random forest on the filter responses of each pixel, as in interactive pixel classifiers."""

from __future__ import annotations

from pathlib import Path

import dask.array as da
import numpy as np

from terrazzo.blockwise.arrays.predict import predict
from terrazzo.blockwise.inputs.image_array import image_array
from terrazzo.comparison.assignment import Assignment
from terrazzo.comparison.methods import Figures
from terrazzo.comparison.written_classes import write_classes
from terrazzo.io.images.image import Image
from terrazzo.io.models.model_file import open_model as open_model
from terrazzo.io.models.model_file import write_model as write_model
from terrazzo.io.results.result import Result
from terrazzo.models.forest.model import ForestModel
from terrazzo.training.forest.fit_forest import fit_forest

TITLE = "Random forest on pixels"


def fit(assignment: Assignment) -> ForestModel:
    """Fit on sampled pixels, on the CPU; epochs do not apply."""
    images = [image_array(image) for image in assignment.images()]
    annotations = [annotation.plane for annotation in assignment.annotations()]
    options = {name: value for name, value in assignment.options().items() if name not in ("device", "epochs")}
    return fit_forest(images, annotations, **options)


def warm_up() -> None:
    """Load scikit-learn and compile the kernels."""
    image = da.from_array(np.random.default_rng(0).integers(0, 255, (1, 64, 64), np.uint8))
    pairs = [image] * 2, [image[0] // 128] * 2
    model = fit_forest(*pairs, validation=(1,), class_names=("dark", "bright"), samples=100, trees=10)
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
