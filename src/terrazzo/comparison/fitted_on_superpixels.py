"""Fit a network on superpixels to what a method of a comparison is assigned."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from terrazzo.comparison.assignment import Assignment
from terrazzo.lattice import spacing
from terrazzo.regions.superpixels.superpixel_parameters import SuperpixelParameters
from terrazzo.training.fit import fit


def fitted_on_superpixels(assignment: Assignment, network: type, training: type) -> Any:
    """Return what `terrazzo.fit` gives with these kinds of settings; a size has one number per axis.

    Parameters
    ----------
    assignment : Assignment
    network, training : type
        `LatticeSettings` and `LatticeTraining`, or `GNNSettings` and `GNNTraining`.
    """
    images = assignment.images()
    size = assignment.settings.get("size", SuperpixelParameters.size[0])
    settings = {**assignment.settings, "size": spacing(size, len(images[0].extent))}
    values = replace(assignment, settings=settings).values(SuperpixelParameters, network, training)
    named = dict(zip(("superpixels", "network", "training"), values, strict=True))
    return fit(images, assignment.annotations(), class_names=assignment.class_names, **named)
