"""`terrazzo fit`: from images and annotations to a model."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from terrazzo.cli.annotated_images import open_annotated_images
from terrazzo.cli.fit_options import (
    FirstOptions,
    FirstUNetOptions,
    ForestOptions,
    LatticeOptions,
    SuperpixelOptions,
    TrainingOptions,
    UNetOptions,
)
from terrazzo.cli.groups import grouped, option_of, said
from terrazzo.cli.options import (
    Annotating,
    Annotations,
    Images,
    ReadingMany,
    Writing,
    parse_levels,
    parse_size,
    parse_weights,
)
from terrazzo.cli.printing import display, print_values
from terrazzo.errors import ParameterError
from terrazzo.io.output_path import check_model_path
from terrazzo.settings import names_of, spread

if TYPE_CHECKING:
    from terrazzo.cli.annotated_images import AnnotatedImages

_log = logging.getLogger(__name__)


@grouped
def fit(
    images: Images,
    annotations: Annotations,
    first: FirstOptions,
    training: TrainingOptions,
    superpixels: SuperpixelOptions,
    lattice: LatticeOptions,
    unet: UNetOptions,
    forest: ForestOptions,
    reading: ReadingMany,
    annotating: Annotating,
    writing: Writing,
) -> None:
    """Fit a model on images and annotations, paired by name."""
    given = said(training, superpixels, lattice, unet, forest)
    given |= {name: value for name in ("size", "seconds") if (value := getattr(first, name)) is not None}
    _fit(images, annotations, first.model, first.output, first.classes, given, reading, annotating, writing)


@grouped
def fit_unet(
    images: Images,
    annotations: Annotations,
    first: FirstUNetOptions,
    training: TrainingOptions,
    unet: UNetOptions,
    reading: ReadingMany,
    annotating: Annotating,
    writing: Writing,
) -> None:
    """Fit a U-Net: write terrazzo fit --model unet, as fit-unet goes in the next version."""
    _log.warning("fit-unet goes in the next version; write terrazzo fit --model unet, with the same options")
    given = said(training, unet) | ({} if first.seconds is None else {"seconds": first.seconds})
    _fit(images, annotations, "unet", first.output, first.classes, given, reading, annotating, writing)


def _fit(
    images: str,
    annotations: str,
    model: str,
    output: Path,
    classes: str | None,
    given: Mapping[str, Any],
    reading: ReadingMany,
    annotating: Annotating,
    writing: Writing,
) -> None:
    from terrazzo.io.model_file import write_fitted

    check_model_path(output, writing.overwrite)
    check_options(model, given)
    opened = open_annotated_images(
        images, annotations, output, reading, annotating, classes=classes, mask=given.get("mask")
    )
    with display():
        fitted = fitted_model(model, opened, given)
    write_fitted(fitted, output, overwrite=writing.overwrite)
    known = {"model": str(output), "images": len(opened.images), "classes": list(fitted.class_names)}
    print_values(known | fitted.fitted, as_json=writing.json)


AUTO = "auto"

SETTINGS = {
    "lattice": (
        "terrazzo.regions.superpixels.superpixel_parameters.SuperpixelParameters",
        "terrazzo.models.lattice.settings.LatticeSettings",
        "terrazzo.training.lattice.settings.LatticeTraining",
    ),
    "unet": ("terrazzo.models.unet.settings.UNetSettings", "terrazzo.training.rules.training.UNetTraining"),
    "forest": ("terrazzo.training.rules.training.ForestTraining",),
}
"""Where the settings of each kind of model are; they load when they are needed."""

LEVELS = ("kernels", "pools", "dilations", "crf_radius")
"""Options of a U-Net that are texts with numbers."""

NO_SETTINGS = ("mask", "start")
"""Options of a lattice network that are paths."""


def check_options(model: str, given: Mapping[str, Any]) -> None:
    """Raise a ParameterError if an option is one of another kind of model."""
    for name in given:
        owners = [kind for kind in SETTINGS if name in _names(kind)]
        if model not in owners:
            raise ParameterError(
                f"{option_of(name)} is an option of --model {' or '.join(owners)}, and the model is {model}; leave it "
                "out, or choose another model"
            )


def fitted_model(model: str, inputs: AnnotatedImages, given: Mapping[str, Any]) -> Any:
    """Return a model of a kind, fitted on what was opened with the settings that were given."""
    pairs = inputs.images, inputs.annotations
    if model == "unet":
        from terrazzo.training.unet.fit_unet import fit_unet

        network, training = spread(dict(given) | _levels(given), *_kinds("unet"))
        return fit_unet(*pairs, network=network, training=training)
    if model == "forest":
        from terrazzo.training.forest.fit_forest import fit_forest

        (grown,) = spread(given, *_kinds("forest"))
        return fit_forest(*pairs, training=grown)
    from terrazzo.training.fit import fit

    flat = {name: value for name, value in given.items() if name not in NO_SETTINGS} | _superpixels(inputs, given)
    superpixels, network, training = spread(flat, *_kinds(model))
    size: Literal["auto"] | None = "auto" if given.get("size") == AUTO else None
    if "start" not in given:
        return fit(*pairs, size=size, masks=inputs.masks, superpixels=superpixels, network=network, training=training)
    from terrazzo.io.model_file import open_model

    # what nobody asks for is that of the model
    kinds = dict(zip(("superpixels", "network"), _kinds(model)[:2], strict=True))
    asked = {name for name, kind in kinds.items() if set(names_of(kind)) & set(given)}
    return fit(
        *pairs,
        size=size,
        masks=inputs.masks,
        superpixels=superpixels if "superpixels" in asked and size is None else None,
        network=network if "network" in asked else None,
        training=training,
        start=open_model(given["start"]),
    )


def _levels(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of a U-Net that are texts on the command line."""
    found = {name: parse_levels(name, given[name]) for name in LEVELS if name in given}
    radius = found.get("crf_radius")
    # there is one window: of one entry
    return found | {"crf_radius": radius[0]} if isinstance(radius, tuple) and len(radius) == 1 else found


def _superpixels(inputs: AnnotatedImages, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of superpixels that are texts on the command line; a size has one number per axis."""
    from terrazzo.lattice import spacing
    from terrazzo.models.messages.settings import FITTED_SIZE

    asked = given.get("size")
    size = FITTED_SIZE if asked in (None, AUTO) else parse_size(asked)
    weights = {"weights": parse_weights(given["weights"])} if "weights" in given else {}
    return {"size": spacing(size, len(inputs.images[0].extent)), **weights}


def _names(model: str) -> list[str]:
    return [*names_of(*_kinds(model)), *(NO_SETTINGS if model == "lattice" else [])]


def _kinds(model: str) -> list[Any]:
    places = [place.rpartition(".") for place in SETTINGS[model]]
    return [getattr(import_module(module), name) for module, _, name in places]
