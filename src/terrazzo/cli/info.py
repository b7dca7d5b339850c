"""`terrazzo info`: what a path is."""

from __future__ import annotations

from typing import Annotated

import typer

from terrazzo.cli.options import Axes, Calibration, Json, Level, PixelSize, opening
from terrazzo.cli.printing import print_values


def info(
    path: Annotated[str, typer.Argument(help="An image, shapes, a result, a folder of results or a model.")],
    level: Level = 0,
    pixel_size: PixelSize = None,
    calibration: Calibration = None,
    axes: Axes = None,
    json: Json = False,
) -> None:
    """Say what an image, an annotation, a result or a model holds."""
    from terrazzo.io.describe import describe

    print_values(describe(path, **opening(level, axes, pixel_size, calibration)), as_json=json)
