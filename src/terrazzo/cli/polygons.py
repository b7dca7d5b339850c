"""`terrazzo polygons`: the classes of a result as GeoJSON."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from terrazzo.cli.options import Json, Output, Overwrite, parse_names
from terrazzo.cli.printing import display, print_values


def polygons(
    result: Annotated[Path, typer.Argument(help="A result that terrazzo predict has written.")],
    output: Output,
    skip: Annotated[str | None, typer.Option(help="Classes without polygons, comma-separated.")] = None,
    tolerance: Annotated[float, typer.Option(help="How far outlines may stray, in pixels; 0 keeps each corner.")] = 0.0,
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Write the classes of a result as polygons that QuPath opens."""
    from terrazzo.blockwise.runs.write_polygons import write_polygons
    from terrazzo.io.results.result import open_result

    opened = open_result(result)
    with display():
        count = write_polygons(opened, output, skip=parse_names(skip) or (), tolerance=tolerance, overwrite=overwrite)
    print_values({"output": str(output), "polygons": count}, as_json=json)
