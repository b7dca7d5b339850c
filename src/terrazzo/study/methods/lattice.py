"""A lattice network of a tree of genes."""

from __future__ import annotations

from typing import Any

from terrazzo.comparison.assignment import Assignment
from terrazzo.comparison.methods.lattice import TITLE as TITLE
from terrazzo.comparison.methods.lattice import figures as figures
from terrazzo.comparison.methods.lattice import open_model as open_model
from terrazzo.comparison.methods.lattice import write_model as write_model
from terrazzo.comparison.methods.lattice import write_prediction as write_prediction
from terrazzo.genes.networks import lattice_of, size_of, training_of
from terrazzo.lattice import spacing
from terrazzo.models.lattice.model import LatticeModel
from terrazzo.study.methods import rules_in, tree_in
from terrazzo.training.fit import fit as fit_images
from terrazzo.training.lattice.settings import LatticeTraining


def fit(assignment: Assignment) -> LatticeModel:
    """Fit the tree's network on superpixels of its size, trained as it says."""
    images, tree = assignment.images(), tree_in(assignment)
    rules: dict[str, Any] = {**rules_in(assignment), **training_of(tree)}
    return fit_images(
        images,
        assignment.annotations(),
        size=spacing(size_of(tree), len(images[0].extent)),
        class_names=assignment.class_names,
        network=lattice_of(tree),
        training=LatticeTraining(**rules),
    )
