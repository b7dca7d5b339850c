"""`terrazzo predict`: from an image and a model to a result."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from terrazzo.cli.options import Axes, Device, Json, Level, Output, Overwrite, Scheduler, Workers
from terrazzo.cli.printing import print_values
from terrazzo.cli.progress import display


def predict(
    image: Annotated[str, typer.Argument(help="An image or a store.")],
    model: Annotated[Path, typer.Option("--model", "-m", help="A model that terrazzo fit has made.")],
    output: Output,
    scheduler: Scheduler = None,
    workers: Workers = None,
    block: Annotated[int | None, typer.Option(help="About how many pixels wide a task's block is.")] = None,
    level: Level = 0,
    axes: Axes = None,
    device: Device = "auto",
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Write superpixels, classes, nodes and edges of an image, one task per block."""
    from terrazzo.blockwise.cluster import cluster_client
    from terrazzo.blockwise.write_prediction import write_prediction
    from terrazzo.io.model_file import open_model
    from terrazzo.io.open_image import open_image
    from terrazzo.io.result import check_writable

    fitted = open_model(model)
    opened = open_image(image, level=level, axes=axes)
    fitted.check_channels(opened.shape[0])
    check_writable(output, overwrite)
    with cluster_client(scheduler, workers) as client, display() as shown:
        result = write_prediction(
            fitted,
            opened,
            output,
            client=client,
            block=block,
            device=device,
            overwrite=overwrite,
            progress=shown.blocks,
        )
    print_values({"result": str(output), **result.run["figures"]}, as_json=json)
