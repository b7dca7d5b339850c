"""`terrazzo info`: what a path is."""

from __future__ import annotations

from typing import Annotated

import typer

from terrazzo.cli.groups import grouped
from terrazzo.cli.options import Json, Reading
from terrazzo.cli.printing import print_values


@grouped
def info(
    path: Annotated[str, typer.Argument(help="An image, shapes, a result, a folder of results or a model.")],
    json: Json = False,
    *,
    reading: Reading,
) -> None:
    """Say what an image, an annotation, a result or a model holds."""
    from terrazzo.io.describe import describe

    print_values(describe(path, **reading.opening()), as_json=json)
