"""`terrazzo predict`: from images and a model to results."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from terrazzo.cli.groups import grouped
from terrazzo.cli.options import STACKED, Device, Mask, Output, Probabilities, ReadingMany, Running, Workers, Writing
from terrazzo.cli.printing import display, print_values


@dataclass(frozen=True)
class WritingResults(Writing):
    """What of a result is written, and where."""

    probabilities: Probabilities = False
    into: Annotated[
        bool, typer.Option("--into", help="Write the classes into the labels of the OME-Zarr image itself as well.")
    ] = False


@grouped
def predict(
    images: Annotated[str, typer.Argument(help="An image or a store; a folder or a quoted glob of them.")],
    model: Annotated[Path, typer.Option("--model", "-m", help="A model that terrazzo fit has made.")],
    output: Output,
    mask: Mask = None,
    workers: Workers = None,
    device: Device = "auto",
    *,
    running: Running,
    reading: ReadingMany,
    writing: WritingResults,
) -> None:
    """Write superpixels, classes, nodes and edges of an image; of several, one result each into a folder.

    A U-Net writes classes alone. Run again after an interruption, it goes on where it stopped.
    """
    from terrazzo.blockwise.cluster.worker_server import loading_here

    here = running.scheduler is None and running.scheduler_file is None and model.is_file()
    with loading_here() if here else nullcontext():  # before this process has threads or has looked for a GPU
        from terrazzo.io.model_file import open_model

        fitted = open_model(model)
    from terrazzo.blockwise.cluster.cluster import cluster_client
    from terrazzo.blockwise.runs.prepared import prepared
    from terrazzo.blockwise.runs.write_labels_into import check_labels_into, write_labels_into
    from terrazzo.blockwise.runs.write_predictions import write_predictions
    from terrazzo.io.annotations.open_annotation import open_mask
    from terrazzo.io.files import find_annotations, name_results, pair_by_stem
    from terrazzo.io.images.open_image import open_image
    from terrazzo.io.results.result import open_result
    from terrazzo.models.device import choose_device

    choose_device(device)
    named = name_results(images, output, stack=reading.stack)
    opened = [open_image(image, **reading.opening()) for image, _ in named]
    found = [] if mask is None else find_annotations(mask, stack=reading.stack)
    masked = [] if mask is None else pair_by_stem([image for image, _ in named], found, "mask")
    mask_axes = STACKED if reading.stack else None
    masks = [None if mask is None else open_mask(masked[i][1], one, axes=mask_axes) for i, one in enumerate(opened)]
    settings: dict[str, Any] = {
        "block": running.block,
        "probabilities": writing.probabilities,
        "overwrite": writing.overwrite,
    }
    wanted = []
    for image, (_, result), inside in zip(opened, named, masks, strict=True):
        one = prepared(fitted, image, result, mask=inside, **settings)
        if writing.into:
            check_labels_into(image, open_result(result).run_id if one.finished else None, overwrite=writing.overwrite)
        if one.finished:
            typer.echo(f"'{result}' is finished: nothing to compute", err=True)
        wanted.append(one)
    if not all(one.finished for one in wanted):
        cluster = cluster_client(running.scheduler, workers, running.scheduler_file, running.memory_limit)
        with cluster as client, display():
            write_predictions(fitted, wanted, client=client, device=device)
    if writing.into:
        with display():
            for image, (_, result) in zip(opened, named, strict=True):
                write_labels_into(open_result(result), image, overwrite=writing.overwrite)
    runs = [(str(result), open_result(result).run) for _, result in named]
    figures = [{"result": result, **run["figures"], **_notes(run)} for result, run in runs]
    if len(figures) == 1:
        print_values(figures[0], as_json=writing.json)
    else:
        noted = _notes({"notes": [note for _, run in runs for note in run.get("notes", ())]})
        print_values({"results": [result for result, _ in runs], **_sums(figures), **noted}, as_json=writing.json)


def _notes(run: dict[str, Any]) -> dict[str, list[str]]:
    """Return what warns of a result, if anything does."""
    return {"notes": run["notes"]} if run.get("notes") else {}


def _sums(figures: list[dict[str, Any]]) -> dict[str, int]:
    names = ("pixels", "superpixels", "edges", "unadopted_pixels")
    return {name: sum(entry[name] for entry in figures) for name in names if name in figures[0]}
