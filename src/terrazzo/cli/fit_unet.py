"""`terrazzo fit-unet`: from images and annotations to a U-Net."""

from __future__ import annotations

from typing import Annotated

import typer

from terrazzo.cli.annotated_images import open_annotated_images
from terrazzo.cli.options import (
    Axes,
    Calibration,
    Device,
    Empty,
    Json,
    Level,
    Output,
    Overwrite,
    PixelSize,
    Stack,
    opening,
)
from terrazzo.cli.printing import print_values
from terrazzo.cli.progress import display
from terrazzo.io.output_path import check_absent


def fit_unet(
    images: Annotated[str, typer.Argument(help="A file, a folder or a quoted glob.")],
    annotations: Annotated[str, typer.Argument(help="The same, with a class per pixel; 255 is not annotated.")],
    output: Output,
    classes: Annotated[str | None, typer.Option(help="Names, comma-separated, in the order of values.")] = None,
    base: Annotated[int, typer.Option(help="Channels at the image's resolution; 64 is the original size.")] = 16,
    depth: Annotated[int, typer.Option(help="How often the resolution falls.")] = 4,
    convolutions: Annotated[int, typer.Option(help="At each resolution, on the way down and up.")] = 2,
    dropout: Annotated[float, typer.Option(help="Share dropped after each level in training.")] = 0.0,
    patch: Annotated[int | None, typer.Option(help="Side of a patch in pixels; by default 256, in volumes 64.")] = None,
    batch: Annotated[int, typer.Option(help="Patches in one step.")] = 8,
    learning_rate: Annotated[float, typer.Option(help="The highest; it rises at first, then falls.")] = 3e-3,
    patience: Annotated[int, typer.Option(help="Epochs without a better validation before training stops.")] = 40,
    validation: Annotated[float, typer.Option(help="Share of the annotated pixels to hold out.")] = 0.2,
    epochs: Annotated[int, typer.Option(help="The most epochs.")] = 200,
    seconds: Annotated[float | None, typer.Option(help="The most seconds of reading and training.")] = None,
    seed: Annotated[int, typer.Option(help="Repeats a run.")] = 0,
    level: Level = 0,
    pixel_size: PixelSize = None,
    calibration: Calibration = None,
    annotation_level: Annotated[int, typer.Option(help="The level of the annotations' pyramid.")] = 0,
    axes: Axes = None,
    empty: Empty = 255,
    annotation_axes: Annotated[str | None, typer.Option(help="The axes of the annotations' files.")] = None,
    stack: Stack = False,
    device: Device = "auto",
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Fit a U-Net on images and annotations, paired by name: the yardstick for the graph network of fit."""
    from terrazzo.io.models.model_file import write_model
    from terrazzo.training.unet.fit_unet import fit_unet as fit_model

    check_absent(output, overwrite)
    given = open_annotated_images(
        images,
        annotations,
        output,
        opening(level, axes, pixel_size, calibration),
        classes=classes,
        empty=empty,
        level=annotation_level,
        axes=annotation_axes,
        stack=stack,
    )
    with display() as shown:
        model = fit_model(
            given.images,
            given.annotations,
            base=base,
            depth=depth,
            convolutions=convolutions,
            dropout=dropout,
            patch=patch,
            batch=batch,
            epochs=epochs,
            seconds=seconds,
            patience=patience,
            learning_rate=learning_rate,
            validation=validation,
            seed=seed,
            device=device,
            progress=lambda epoch: shown.epoch(epoch.epoch, epochs, epoch.validation_accuracy),
        )
    write_model(model, output, overwrite=overwrite)
    print_values({"model": str(output), "images": len(given.images), **model.fitted}, as_json=json)
