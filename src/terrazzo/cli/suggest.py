"""`terrazzo suggest`: where to draw next in a project."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from terrazzo.cli.groups import grouped
from terrazzo.cli.options import Device, Output, Writing
from terrazzo.cli.printing import display, print_values


@grouped
def suggest(
    study: Annotated[Path, typer.Argument(help="The folder of a project with a model.")],
    output: Output,
    number: Annotated[int, typer.Option(help="The most places.")] = 24,
    image: Annotated[
        list[str] | None, typer.Option("--image", help="The name of one image; may be repeated. By default all.")
    ] = None,
    device: Device = "auto",
    *,
    writing: Writing,
) -> None:
    """Write where drawing would help a project's model most, the largest gain first, as GeoJSON.

    Of one image -o is a file, of several a folder with a file for each.
    """
    from terrazzo.project.places import write_places
    from terrazzo.project.project import Project
    from terrazzo.project.suggest import suggest

    project = Project(study)
    with display():
        places = suggest(project, number, images=image or None, device=device)
    files = write_places(places, project, output, overwrite=writing.overwrite)
    found = {"files": list(map(str, files)), "places": list(map(asdict, places))}
    print_values(found if writing.json else found | {"places": len(places)}, as_json=writing.json)
