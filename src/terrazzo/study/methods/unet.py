"""A U-Net of a tree of genes."""

from __future__ import annotations

from typing import Any

from terrazzo.comparison.assignment import Assignment
from terrazzo.comparison.methods.unet import TITLE as TITLE
from terrazzo.comparison.methods.unet import figures as figures
from terrazzo.comparison.methods.unet import open_model as open_model
from terrazzo.comparison.methods.unet import write_model as write_model
from terrazzo.comparison.methods.unet import write_prediction as write_prediction
from terrazzo.genes.networks import training_of, unet_of
from terrazzo.models.unet.model import UNetModel
from terrazzo.study.methods import rules_in, tree_in
from terrazzo.training.rules.training import UNetTraining
from terrazzo.training.unet.fit_unet import fit_unet


def fit(assignment: Assignment) -> UNetModel:
    """Fit the tree's network, trained as it says."""
    images, tree = assignment.images(), tree_in(assignment)
    axes = len(images[0].extent)
    network = unet_of(tree, images[0].data.shape[0], len(assignment.class_names), axes)
    rules: dict[str, Any] = {**rules_in(assignment), **training_of(tree)}
    return fit_unet(
        images,
        assignment.annotations(),
        class_names=assignment.class_names,
        network=network,
        training=UNetTraining(**rules),
    )
