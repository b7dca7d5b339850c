"""`terrazzo fit`: from images and annotations to a model."""

from __future__ import annotations

from pathlib import Path
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
    Mask,
    Output,
    Overwrite,
    PixelSize,
    Size,
    Stack,
    opening,
    parse_size,
    parse_weights,
)
from terrazzo.cli.printing import print_values
from terrazzo.cli.progress import display
from terrazzo.io.output_path import check_absent


def fit(
    images: Annotated[str, typer.Argument(help="A file, a folder or a quoted glob.")],
    annotations: Annotated[str, typer.Argument(help="The same, with a class per pixel or shapes of GeoJSON or CSV.")],
    output: Output,
    classes: Annotated[str | None, typer.Option(help="Names, comma-separated, in the order of values.")] = None,
    size: Size = "16",
    compactness: Annotated[float, typer.Option(help="Larger makes rounder superpixels.")] = 0.45,
    iterations: Annotated[int, typer.Option(help="Iterations of the superpixels.")] = 5,
    sigma: Annotated[float, typer.Option(help="Smoothing before the superpixels, in pixels.")] = 1.0,
    scale: Annotated[float | None, typer.Option(help="The intensity difference that counts as 1.")] = None,
    colour: Annotated[str, typer.Option(help="none, or lab: red, green and blue compared in CIELAB.")] = "none",
    weights: Annotated[str | None, typer.Option(help="What each channel is multiplied by, such as 1,0.5.")] = None,
    mask: Mask = None,
    layers: Annotated[int, typer.Option(help="Rounds of messages between neighbours.")] = 8,
    width: Annotated[int, typer.Option(help="Width of the network.")] = 64,
    epochs: Annotated[int, typer.Option(help="The most epochs.")] = 200,
    seconds: Annotated[float | None, typer.Option(help="The most seconds of graphs and training.")] = None,
    seed: Annotated[int, typer.Option(help="Repeats a run.")] = 0,
    block: Annotated[int | None, typer.Option(help="About how many pixels wide a task's block is.")] = None,
    streaming: Annotated[
        bool | None,
        typer.Option("--streaming/--no-streaming", help="Keep graphs on disk; by default where they are large."),
    ] = None,
    scratch: Annotated[Path | None, typer.Option(help="An existing folder for graphs on disk.")] = None,
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
    """Fit a model on images and annotations, paired by name."""
    from terrazzo.io.models.model_file import write_model
    from terrazzo.training.gnn.fit import fit as fit_model

    check_absent(output, overwrite)
    given = open_annotated_images(
        images,
        annotations,
        output,
        opening(level, axes, pixel_size, calibration),
        mask=mask,
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
            size=parse_size(size),
            compactness=compactness,
            iterations=iterations,
            sigma=sigma,
            scale=scale,
            colour=colour,
            weights=parse_weights(weights),
            masks=given.masks,
            layers=layers,
            width=width,
            epochs=epochs,
            seconds=seconds,
            seed=seed,
            device=device,
            block=block,
            streaming="auto" if streaming is None else streaming,
            scratch=scratch,
            graph_done=shown.graphs,
            progress=lambda epoch: shown.epoch(epoch.epoch, epochs, epoch.validation_accuracy),
        )
    write_model(model, output, overwrite=overwrite)
    known = {"model": str(output), "images": len(given.images), "classes": list(model.class_names)}
    print_values(known | model.fitted, as_json=json)
