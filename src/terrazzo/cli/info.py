"""`terrazzo info`: what a path is."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from terrazzo.cli.options import Axes, Json, Level
from terrazzo.cli.printing import print_values


def info(
    path: Annotated[Path, typer.Argument(help="An image, a result or a model.")],
    level: Level = 0,
    axes: Axes = None,
    json: Json = False,
) -> None:
    """Say what an image, a result or a model holds."""
    from terrazzo.io.describe import describe

    print_values(describe(path, level=level, axes=axes), as_json=json)
