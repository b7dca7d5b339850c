"""`terrazzo predict`: from images and a model to results."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from terrazzo.cli.options import (
    Axes,
    Block,
    Device,
    Json,
    Level,
    Mask,
    MemoryLimit,
    Output,
    Overwrite,
    Scheduler,
    SchedulerFile,
    Workers,
)
from terrazzo.cli.printing import print_values
from terrazzo.cli.progress import display


def predict(
    images: Annotated[str, typer.Argument(help="An image or a store; a folder or a quoted glob of them.")],
    model: Annotated[Path, typer.Option("--model", "-m", help="A model that terrazzo fit or fit-unet has made.")],
    output: Output,
    mask: Mask = None,
    scheduler: Scheduler = None,
    scheduler_file: SchedulerFile = None,
    workers: Workers = None,
    memory_limit: MemoryLimit = None,
    block: Block = None,
    level: Level = 0,
    axes: Axes = None,
    device: Device = "auto",
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Write superpixels, classes, nodes and edges of an image; of several, one result each into a folder.

    A U-Net writes classes alone. Run again after an interruption, it goes on where it stopped.
    """
    from terrazzo.blockwise.cluster import cluster_client
    from terrazzo.blockwise.write_prediction import is_prediction_finished, write_prediction
    from terrazzo.io.files import find_images, name_results, pair_by_stem
    from terrazzo.io.model_file import open_model
    from terrazzo.io.open_image import open_image, open_labels
    from terrazzo.io.result import open_result

    fitted = open_model(model)
    named = name_results(images, output)
    opened = [open_image(image, level=level, axes=axes) for image, _ in named]
    masked = [] if mask is None else pair_by_stem([image for image, _ in named], find_images(mask), "mask")
    masks = [open_labels(inside) for _, inside in masked] if masked else [None] * len(named)
    unfinished = []
    for image, (_, result), inside in zip(opened, named, masks, strict=True):
        if is_prediction_finished(fitted, image, result, mask=inside, block=block, overwrite=overwrite):
            typer.echo(f"'{result}' is finished: nothing to compute", err=True)
        else:
            unfinished.append((image, result, inside))
    if unfinished:
        with cluster_client(scheduler, workers, scheduler_file, memory_limit) as client, display() as shown:
            for image, result, inside in unfinished:
                write_prediction(
                    fitted,
                    image,
                    result,
                    mask=inside,
                    client=client,
                    block=block,
                    device=device,
                    overwrite=overwrite,
                    progress=shown.blocks,
                )
    figures = [{"result": str(result), **open_result(result).run["figures"]} for _, result in named]
    if len(figures) == 1:
        print_values(figures[0], as_json=json)
    else:
        print_values({"results": [entry["result"] for entry in figures], **_sums(figures)}, as_json=json)


def _sums(figures: list[dict[str, Any]]) -> dict[str, int]:
    names = ("pixels", "superpixels", "edges", "unadopted_pixels")
    return {name: sum(entry[name] for entry in figures) for name in names if name in figures[0]}
