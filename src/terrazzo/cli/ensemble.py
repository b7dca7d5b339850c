"""`terrazzo ensemble`: from fitted models to one that takes the mean of what they say, or lets them vote."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar

import typer

from terrazzo.cli.groups import grouped
from terrazzo.cli.options import Annotating, Device, Elsewhere, Output, ReadingMany, Workers, Writing
from terrazzo.cli.printing import display, print_values
from terrazzo.errors import ParameterError


@dataclass(frozen=True)
class Choosing:
    """By what the best models are chosen."""

    TITLE: ClassVar = "Choosing the best"

    images: Annotated[
        str | None, typer.Option(help="Images that no model was fitted on, by which the best are chosen.")
    ] = None
    annotations: Annotated[str | None, typer.Option(help="Their annotations, paired by name.")] = None
    most: Annotated[int | None, typer.Option(help="At most so many models are chosen.")] = None


@grouped
def ensemble(
    models: Annotated[list[Path], typer.Argument(help="At least two models that terrazzo fit has made.")],
    output: Output,
    vote: Annotated[
        bool, typer.Option("--vote", help="Each model counts for its class alone, and not for its probabilities.")
    ] = False,
    workers: Workers = None,
    device: Device = "auto",
    *,
    choosing: Choosing,
    elsewhere: Elsewhere,
    reading: ReadingMany,
    annotating: Annotating,
    writing: Writing,
) -> None:
    """Write one model of several: of all that are given, or, with --images and --annotations, of those that are best.

    What is chosen, and from how many, is printed with the curve of validation.
    """
    from terrazzo.blockwise.cluster.cluster import cluster_client
    from terrazzo.cli.annotated_images import open_annotated_images
    from terrazzo.io.model_file import open_model, write_fitted
    from terrazzo.io.output_path import check_model_path, check_output
    from terrazzo.models.ensemble.model import Ensemble
    from terrazzo.training.ensemble.choose_ensemble import choose_ensemble

    images, annotations, most = choosing.images, choosing.annotations, choosing.most
    if (images is None) != (annotations is None):
        raise ParameterError("give --images and --annotations both, or neither")
    if images is None and most is not None:
        raise ParameterError("--most is for choosing; give --images and --annotations, by which the best are chosen")
    check_model_path(output, writing.overwrite)
    check_output(output, *models)
    opened = [open_model(path) for path in models]
    one = Ensemble(tuple(opened), vote=vote)
    if images is not None and annotations is not None:
        colours = dict(zip(one.class_names, one.colours, strict=True))
        drawn = open_annotated_images(images, annotations, output, reading, annotating, classes=colours)
        cluster = cluster_client(elsewhere.scheduler, workers, elsewhere.scheduler_file)
        with cluster as client, display():
            one = choose_ensemble(
                opened, drawn.images, drawn.annotations, most=most, vote=vote, device=device, client=client
            )
    write_fitted(one, output, overwrite=writing.overwrite)
    names = {model.fingerprint(): str(path) for model, path in zip(opened, models, strict=True)}
    print_values(
        {"model": str(output), "members": [names[member.fingerprint()] for member in one.members], **one.fitted},
        as_json=writing.json,
    )
