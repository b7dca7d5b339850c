"""`terrazzo project`: a study on disk, fitted again and again on what is drawn."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Any

import typer

from terrazzo.cli.groups import grouped
from terrazzo.cli.options import (
    Axes,
    Classes,
    Device,
    Elsewhere,
    Json,
    Level,
    Overwrite,
    Probabilities,
    Running,
    Seconds,
    Workers,
    parse_classes,
    parse_size,
)
from terrazzo.cli.printing import display, print_values

project = typer.Typer(help="Keep a study on disk: init, add, fit, predict, info.", no_args_is_help=True)

Study = Annotated[Path, typer.Argument(help="The folder of the project.")]
ImagePaths = Annotated[list[str] | None, typer.Argument(help="Files, stores, folders or quoted globs.")]
Drawn = Annotated[
    str | None,
    typer.Option(
        "--annotations",
        help="What is drawn on the images, paired by name; by default annotations/NAME.geojson in the project.",
    ),
]
Names = Annotated[list[str] | None, typer.Option("--image", help="The name of one image; may be repeated.")]


@project.command()
@grouped
def init(
    study: Study,
    images: ImagePaths = None,
    size: Annotated[
        str | None, typer.Option(help=r"The spacing of superpixels in pixels, or 2,8,8. [dim]\[default: 16][/dim]")
    ] = None,
    classes: Classes = None,
    annotations: Drawn = None,
    colour: Annotated[str, typer.Option(help="lab: red, green and blue are compared in CIELAB.")] = "none",
    scale: Annotated[float | None, typer.Option(help="The intensity difference that counts as 1.")] = None,
    level: Level = 0,
    axes: Axes = None,
    workers: Workers = None,
    json: Json = False,
    *,
    running: Running,
) -> None:
    """Make a project of images and compute their superpixels and graphs; given again, it goes on where it stopped."""
    from terrazzo.project.project import Project
    from terrazzo.regions.superpixels.superpixel_parameters import SuperpixelParameters

    found = _found(images, annotations)
    asked = SuperpixelParameters() if (colour, scale) != ("none", None) else None
    made = Project.begin(
        study,
        size=None if size is None else parse_size(size),
        classes=parse_classes(classes) or (),
        superpixels=asked and replace(asked, colour=colour, scale=scale),
        block=running.block,
    )
    made.add(*found[:1], annotations=found[1], level=level, axes=axes)
    _measure(made, running, workers)
    print_values(_described(made), as_json=json)


@project.command()
@grouped
def add(
    study: Study,
    images: ImagePaths = None,
    annotations: Drawn = None,
    level: Level = 0,
    axes: Axes = None,
    workers: Workers = None,
    overwrite: Overwrite = False,
    json: Json = False,
    *,
    running: Elsewhere,
) -> None:
    """Add images, or say where images are now; their superpixels and graphs are computed."""
    from terrazzo.project.project import Project

    found, made = _found(images, annotations), Project(study)
    made.add(*found[:1], annotations=found[1], level=level, axes=axes, overwrite=overwrite)
    _measure(made, running, workers)
    print_values(_described(made), as_json=json)


@project.command()
@grouped
def fit(
    study: Study,
    anew: Annotated[bool, typer.Option("--anew", help="Begin at random weights, though there is a model.")] = False,
    seconds: Seconds = None,
    steps: Annotated[int | None, typer.Option(help="The steps in all, in place of seconds.")] = None,
    seed: Annotated[int, typer.Option(help="Repeats a fit.")] = 0,
    device: Device = "auto",
    workers: Workers = None,
    json: Json = False,
    *,
    running: Elsewhere,
) -> None:
    """Fit on what is drawn, from the graphs on disk and the weights of the fit before."""
    from terrazzo.project.fit_graphs import training_of
    from terrazzo.project.project import Project

    made = Project(study)
    training = training_of(anew or not made.models, seconds=seconds, steps=steps, seed=seed, device=device)
    with _cluster_if_asked(running, workers) as client, display():
        made.fit(training=training, anew=anew, client=client)
    newest = made.models[-1]
    print_values({"model": str(made.folder / newest.file), **asdict(newest)} | newest.scores, as_json=json)


@project.command()
@grouped
def predict(
    study: Study,
    image: Names = None,
    probabilities: Probabilities = False,
    device: Device = "auto",
    workers: Workers = None,
    json: Json = False,
    *,
    running: Elsewhere,
) -> None:
    """Write the classes that the newest model gives into results/NAME.zarr of the project."""
    from terrazzo.project.project import Project

    made = Project(study)
    with _cluster(running, workers) as client, display():
        results = made.predict(image or None, probabilities=probabilities, device=device, client=client)
    print_values({"results": [one.path for one in results]}, as_json=json)


@project.command()
@grouped
def info(study: Study, json: Json = False) -> None:
    """Say what a project holds: images, what is drawn on them, classes, models with their scores."""
    from terrazzo.project.project import Project

    print_values(_described(Project(study)), as_json=json)


def _found(images: list[str] | None, annotations: str | None) -> tuple[list[Any], list[Any] | None]:
    """Return the paths of images, and of what is drawn on them where that is said."""
    from terrazzo.io.files import find_annotations, find_images, pair_by_stem

    found = [path for pattern in images or () for path in find_images(pattern)]
    if annotations is None:
        return found, None
    return found, [drawn for _, drawn in pair_by_stem(found, find_annotations(annotations))]


def _measure(made: Any, running: Elsewhere, workers: int | None) -> None:
    if made.unmeasured:
        with _cluster(running, workers) as client, display():
            made.measure(client=client)


def _cluster(running: Elsewhere, workers: int | None) -> AbstractContextManager[Any]:
    """Return a cluster as that of `terrazzo predict`."""
    from terrazzo.blockwise.cluster.cluster import cluster_client

    limit = getattr(running, "memory_limit", None)
    return cluster_client(running.scheduler, workers, running.scheduler_file, limit)


def _cluster_if_asked(running: Elsewhere, workers: int | None) -> AbstractContextManager[Any]:
    """Return a cluster where one is asked for: the blocks of a few strokes are done before processes have started."""
    asked = workers is not None or running.scheduler is not None or running.scheduler_file is not None
    return _cluster(running, workers) if asked else nullcontext()


def _described(made: Any) -> dict[str, Any]:
    known = made.known
    return {
        "project": str(made.folder),
        "size": list(known.superpixels.size),
        "classes": list(known.classes),
        "images": [
            {
                "name": one.name,
                "path": one.path,
                "annotation": f"{one.annotation}{'' if made.annotation_path(one.name).exists() else ' (nothing yet)'}",
                "graph": "not computed yet" if one.name in made.unmeasured else "computed",
            }
            for one in known.images
        ],
        "models": [{"file": one.file, **one.scores} for one in known.models],
    }
