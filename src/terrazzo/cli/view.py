"""`terrazzo view`: an image and its result in the browser."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from terrazzo.cli.groups import grouped
from terrazzo.cli.options import Json, Overwrite, Reading
from terrazzo.cli.printing import display, print_values
from terrazzo.errors import ParameterError


@grouped
def view(
    image: Annotated[str, typer.Argument(help="An image of any format, or a result, which knows its image.")],
    result: Annotated[Path | None, typer.Argument(help="A result that was made from it.")] = None,
    port: Annotated[
        int | None, typer.Option(help=r"Where the page is served. [dim]\[default: a free port][/dim]")
    ] = None,
    export: Annotated[
        Path | None, typer.Option(help="Write the page to this folder instead, for any web server.")
    ] = None,
    overwrite: Overwrite = False,
    json: Json = False,
    *,
    reading: Reading,
) -> None:
    """Show an image and its result in the browser, until Ctrl-C ends it.

    The address that is printed opens on this machine alone.
    """
    from terrazzo.viewing.view import view
    from terrazzo.viewing.write_page import write_page

    if export is not None and port is not None:
        raise ParameterError("--export writes a page and --port serves one; give one of them")
    opened = _opened(image, result, reading)
    if export is not None:
        with display():
            write_page(opened[0], export, opened[1], overwrite=overwrite)
        print_values({"page": str(export)}, as_json=json)
        return
    try:
        with view(*opened, port=port or 0) as page:
            _say(page, json)
            page.wait()
    except KeyboardInterrupt:  # how this command ends
        return


def _say(page: Any, json: bool) -> None:
    if json:
        print_values({"address": page.address, "port": page.port}, as_json=True)
    else:
        typer.echo(page.address)
    lead = f"ssh -L {page.port}:127.0.0.1:{page.port} HOST"
    typer.echo(f"Ctrl-C ends it. On another machine the same address opens after {lead}.", err=True)


def _opened(image: str, result: Path | None, reading: Reading) -> tuple[Any, Any]:
    """Return an image and its result, if there is one; of a result alone, its own image."""
    from terrazzo.io.images.open_image import open_image
    from terrazzo.io.results.result import is_result, open_result
    from terrazzo.io.results.source_image import source_image

    if result is None and is_result(image):
        own = open_result(image)
        return source_image(own), own
    return open_image(image, **reading.opening()), None if result is None else open_result(result)
