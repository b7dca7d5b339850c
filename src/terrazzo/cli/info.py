"""`terrazzo info`: what a path is."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from terrazzo.cli.options import Json
from terrazzo.cli.printing import print_values


def info(
    path: Annotated[Path, typer.Argument(help="An image, a result or a model.")],
    json: Json = False,
) -> None:
    """Say what an image, a result or a model holds."""
    from terrazzo.io.describe import describe

    print_values(describe(path), as_json=json)
