"""A chunked U-Net."""

from __future__ import annotations

from pathlib import Path

from terrazzo.blockwise.arrays.predict import predict
from terrazzo.comparison.assignment import Assignment
from terrazzo.comparison.methods import Figures
from terrazzo.comparison.written_classes import write_classes
from terrazzo.io.images.image import Image
from terrazzo.io.model_file import open_model as open_model
from terrazzo.io.model_file import write_model as write_model
from terrazzo.io.results.result import Result
from terrazzo.models.unet.model import UNetModel
from terrazzo.models.unet.pixel_task import multiply_adds
from terrazzo.models.unet.settings import UNetSettings
from terrazzo.training.rules.training import UNetTraining
from terrazzo.training.unet.fit_unet import fit_unet, patch_shape

TITLE = "U-Net"


KINDS = (UNetSettings, UNetTraining)


def fit(assignment: Assignment) -> UNetModel:
    """Fit as `terrazzo.fit_unet` does."""
    network, training = assignment.values(*KINDS)
    pairs = assignment.images(), assignment.annotations()
    return fit_unet(*pairs, class_names=assignment.class_names, network=network, training=training)


def shrinkable(assignment: Assignment) -> dict[str, int | list[int]]:
    """Return the batch and the patch of a fit."""
    network, training = assignment.values(*KINDS)
    images = assignment.images()
    description = network.description(1, 2, len(images[0].extent))
    patch = patch_shape(description, [image.extent for image in images], training.patch)
    return {"batch": training.batch, "patch": patch[0] if len(set(patch)) == 1 else list(patch)}


def write_prediction(model: UNetModel, image: Image, path: Path, device: str) -> Image:
    """Write the class of each pixel."""
    return write_classes(predict(model, image, device=device), path)


def figures(model: UNetModel, prediction: Result | Image) -> Figures:  # noqa: ARG001
    """Count the network's weights, and its multiply-adds from its description."""
    return {
        "parameters": sum(weights.numel() for weights in model.network.parameters()),
        "multiply_adds_per_pixel": float(multiply_adds(model.network.description)),
        "note": "of the network",
    }
