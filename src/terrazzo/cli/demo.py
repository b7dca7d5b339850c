"""`terrazzo demo`: the main job on a synthetic image, from nothing to a picture."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from terrazzo.cli.options import Json, Workers
from terrazzo.cli.printing import display, print_values


def demo(
    output: Annotated[Path, typer.Option("--output", "-o", help="A directory for all that it makes.")] = Path("demo"),
    size: Annotated[int, typer.Option(help="The image's side in pixels, at least 512.")] = 4096,
    seed: Annotated[int, typer.Option(help="Which image.")] = 0,
    workers: Workers = None,
    json: Json = False,
) -> None:
    """Draw colonies, fit on a part, predict the whole on a local Dask cluster, score, make a picture."""
    from terrazzo.demo import run_demo

    with display():
        report = run_demo(output, size=size, seed=seed, workers=workers)
    print_values(report, as_json=json)
