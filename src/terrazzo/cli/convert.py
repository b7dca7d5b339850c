"""`terrazzo convert`: an image of any format as OME-Zarr."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from terrazzo.cli.groups import grouped
from terrazzo.cli.options import ReadingMany, Writing, parse_chunks
from terrazzo.cli.printing import display, print_values


@grouped
def convert(
    image: Annotated[str, typer.Argument(help="An image of any format, or with --stack a quoted glob.")],
    output: Annotated[Path, typer.Argument(help="The store to make, such as slide.ome.zarr.")],
    levels: Annotated[
        str, typer.Option(help="What coarser levels are made of: mean, nearest (for labels), or none of them.")
    ] = "mean",
    chunks: Annotated[
        str | None, typer.Option(help="The pixels of a chunk along (y, x) or (z, y, x), such as 256,256.")
    ] = None,
    *,
    reading: ReadingMany,
    writing: Writing,
) -> None:
    """Write an image of any format as OME-Zarr with coarser levels, block by block.

    Run again after an interruption, it goes on where it stopped.
    """
    from terrazzo.blockwise.runs.write_image import write_image
    from terrazzo.io.images.open_image import open_image

    opened = open_image(image, **reading.opening())
    how: Any = None if levels == "none" else levels
    with display():
        written = write_image(opened, output, levels=how, chunks=parse_chunks(chunks), overwrite=writing.overwrite)
    values = {"output": written.path, "shape": list(written.shape), "levels": written.levels}
    print_values(values, as_json=writing.json)
