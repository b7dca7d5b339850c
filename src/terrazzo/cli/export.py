"""`terrazzo export`: the classes of a result as a TIFF, and what is measured of them as a table."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from terrazzo.cli.groups import grouped
from terrazzo.cli.options import Writing
from terrazzo.cli.printing import display, print_values
from terrazzo.errors import ParameterError


@grouped
def export(
    result: Annotated[Path, typer.Argument(help="A result that terrazzo predict has written.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The classes as a tiled OME-TIFF, such as classes.tif.")
    ] = None,
    rgb: Annotated[
        bool, typer.Option("--rgb", help="Write red, green and blue in place of classes with a palette.")
    ] = False,
    measure: Annotated[
        Path | None, typer.Option(help="Area and mean intensity of each connected region: a .csv or a .parquet.")
    ] = None,
    per: Annotated[str, typer.Option(help="What a row of that table is: region or class.")] = "region",
    image: Annotated[
        str | None, typer.Option(help="Where intensities are measured: by default the result's own image; or none.")
    ] = None,
    *,
    writing: Writing,
) -> None:
    """Write the classes of a result as OME-TIFF, and measurements of its regions as a table."""
    from terrazzo.blockwise.runs.write_measurements import check_measurements, write_measurements
    from terrazzo.io.images.open_image import open_image
    from terrazzo.io.results.class_tiff import write_tiff
    from terrazzo.io.results.result import open_result
    from terrazzo.io.results.source_image import source_image

    if output is None and measure is None:
        raise ParameterError("nothing is asked for; give -o classes.tif, --measure table.csv or both")
    opened = open_result(result)
    written: dict[str, Any] = {}
    of_what = None
    if measure is not None and image != "none":
        of_what = source_image(opened) if image is None else open_image(image)
    if measure is not None:  # before a TIFF is written that may take minutes
        check_measurements(opened, measure, of_what, per, writing.overwrite)
    with display():
        if output is not None:
            write_tiff(opened, output, coloured=rgb, overwrite=writing.overwrite)
            written["output"] = str(output)
        if measure is not None:
            row: Any = per
            rows = write_measurements(opened, measure, of_what, per=row, overwrite=writing.overwrite)
            written |= {"measure": str(measure), "rows": rows}
    print_values(written, as_json=writing.json)
