"""The kinds of models that there are, by the name that files call them: a closed table."""

from __future__ import annotations

import importlib

from terrazzo.errors import ModelError
from terrazzo.models.fitted_model import FittedModel
from terrazzo.regions.graphs.recipe import Recipe
from terrazzo.regions.statistics.features import LATTICE_FEATURES
from terrazzo.regions.superpixels.superpixel_parameters import SuperpixelParameters

FIRST_KIND = "gnn"
"""What a file that names no kind holds."""

_HOMES = {
    "gnn": ("terrazzo.models.gnn.model", "Model"),
    "unet": ("terrazzo.models.unet.model", "UNetModel"),
    "lattice": ("terrazzo.models.lattice.model", "LatticeModel"),
    "forest": ("terrazzo.models.forest.model", "ForestModel"),
    "ensemble": ("terrazzo.models.ensemble.model", "Ensemble"),
    "nested": ("terrazzo.models.nested.model", "NestedModel"),
}
_registered: dict[str, type[FittedModel]] = {}


def register_kind(kind: type[FittedModel]) -> type[FittedModel]:
    """Add a kind of model to the table of this process, so that its files can be opened; a decorator.

    Nothing is ever imported because a file says so: who opens a file of the kind imports its module first.
    """
    _registered[kind.kind] = kind
    return kind


def kind_named(name: str) -> type[FittedModel]:
    """Return the kind of model that files call so.

    Raises
    ------
    ModelError
        If there is none.
    """
    if name in _registered:
        return _registered[name]
    if name not in _HOMES:
        known = ", ".join(sorted({*_HOMES, *_registered}))
        raise ModelError(f"there is no kind of model '{name}'; this terrazzo knows {known}")
    module, home = _HOMES[name]
    kind: type[FittedModel] = getattr(importlib.import_module(module), home)
    return kind


def unfitted(channels: int, superpixels: SuperpixelParameters) -> FittedModel:
    """Return what `fit` makes by default, with two classes and random weights: for planning a fit.

    Parameters
    ----------
    channels : int
        Of the images.
    superpixels : SuperpixelParameters
    """
    from terrazzo.models.lattice.model import unfitted_model  # loads torch, which looking at the table does without

    return unfitted_model(Recipe(channels, superpixels, LATTICE_FEATURES))
