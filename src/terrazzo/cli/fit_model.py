"""Fit the kind of model that the command line names, with the settings that it gives."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from terrazzo.cli.groups import option_of
from terrazzo.cli.options import parse_size, parse_weights
from terrazzo.errors import ParameterError
from terrazzo.settings import names_of, spread

if TYPE_CHECKING:
    from terrazzo.cli.annotated_images import AnnotatedImages

SETTINGS = {
    "gnn": (
        "terrazzo.regions.superpixels.superpixel_parameters.SuperpixelParameters",
        "terrazzo.models.gnn.settings.GNNSettings",
        "terrazzo.training.gnn.settings.GNNTraining",
    ),
    "unet": ("terrazzo.models.unet.settings.UNetSettings", "terrazzo.training.unet.settings.UNetTraining"),
    "forest": ("terrazzo.training.forest.settings.ForestTraining",),
}
"""Where the settings of each kind of model are; they load when they are needed."""


def check_options(model: str, given: Mapping[str, Any]) -> None:
    """Raise a ParameterError if an option is one of another kind of model."""
    for name in given:
        owners = [kind for kind in SETTINGS if name in _names(kind)]
        if model not in owners:
            raise ParameterError(
                f"{option_of(name)} is an option of --model {' and '.join(owners)}, and the model is {model}; leave it "
                "out, or choose another model"
            )


def fitted_model(model: str, inputs: AnnotatedImages, given: Mapping[str, Any]) -> Any:
    """Return a model of a kind, fitted on what was opened with the settings that were given."""
    pairs = inputs.images, inputs.annotations
    if model == "unet":
        from terrazzo.training.unet.fit_unet import fit_unet

        network, training = spread(given, *_kinds("unet"))
        return fit_unet(*pairs, network=network, training=training)
    if model == "forest":
        from terrazzo.training.forest.fit_forest import fit_forest

        (grown,) = spread(given, *_kinds("forest"))
        return fit_forest(*pairs, training=grown)
    from terrazzo.training.gnn.fit import fit

    flat = {name: value for name, value in given.items() if name != "mask"} | _superpixels(inputs, given)
    superpixels, network, training = spread(flat, *_kinds("gnn"))
    return fit(*pairs, masks=inputs.masks, superpixels=superpixels, network=network, training=training)


def _superpixels(inputs: AnnotatedImages, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of superpixels that are texts on the command line; a size has one number per axis."""
    from terrazzo.lattice import spacing

    default, *_ = _kinds("gnn")
    size = parse_size(given["size"]) if "size" in given else default.size[0]
    weights = {"weights": parse_weights(given["weights"])} if "weights" in given else {}
    return {"size": spacing(size, len(inputs.images[0].extent)), **weights}


def _names(model: str) -> list[str]:
    return [*names_of(*_kinds(model)), *(["mask"] if model == "gnn" else [])]


def _kinds(model: str) -> list[Any]:
    places = [place.rpartition(".") for place in SETTINGS[model]]
    return [getattr(import_module(module), name) for module, _, name in places]
