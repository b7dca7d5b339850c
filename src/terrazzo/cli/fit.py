"""`terrazzo fit`: from images and annotations to a model."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from terrazzo.cli.annotated_images import open_annotated_images
from terrazzo.cli.fit_model import check_options, fitted_model
from terrazzo.cli.fit_options import (
    FirstOptions,
    FirstUNetOptions,
    ForestOptions,
    GraphOptions,
    SuperpixelOptions,
    TrainingOptions,
    UNetOptions,
)
from terrazzo.cli.groups import grouped, said
from terrazzo.cli.options import Annotations, Images
from terrazzo.cli.printing import print_values
from terrazzo.cli.progress import display
from terrazzo.cli.reading import Annotating, ReadingMany
from terrazzo.cli.writing import Writing
from terrazzo.io.output_path import check_absent

_log = logging.getLogger(__name__)


@grouped
def fit(
    images: Images,
    annotations: Annotations,
    first: FirstOptions,
    training: TrainingOptions,
    superpixels: SuperpixelOptions,
    graph: GraphOptions,
    unet: UNetOptions,
    forest: ForestOptions,
    reading: ReadingMany,
    annotating: Annotating,
    writing: Writing,
) -> None:
    """Fit a model on images and annotations, paired by name."""
    given = said(training, superpixels, graph, unet, forest)
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
    from terrazzo.io.models.model_file import write_model

    check_absent(output, writing.overwrite)
    check_options(model, given)
    opened = open_annotated_images(
        images, annotations, output, reading, annotating, classes=classes, mask=given.get("mask")
    )
    with display():
        fitted = fitted_model(model, opened, given)
    write_model(fitted, output, overwrite=writing.overwrite)
    known = {"model": str(output), "images": len(opened.images), "classes": list(fitted.class_names)}
    print_values(known | fitted.fitted, as_json=writing.json)
