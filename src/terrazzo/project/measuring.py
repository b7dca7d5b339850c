"""The graphs of a project: one for each image, computed once, by a run that goes on where it stopped."""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path

from distributed import Client

from terrazzo.blockwise.runs.prepared import prepared
from terrazzo.blockwise.runs.write_prediction import write_prediction
from terrazzo.errors import InputError
from terrazzo.io.results.result import RUN, open_result
from terrazzo.project.measured import MeasuredSuperpixels
from terrazzo.project.project_file import read_project, write_project
from terrazzo.project.project_images import opened_image
from terrazzo.project.stored_graph import StoredGraph


def graph_path(folder: Path, name: str) -> Path:
    """Return where the graph of an image is."""
    return folder / "graphs" / f"{name}.zarr"


def tables_path(folder: Path, name: str) -> Path:
    """Return where the tables of an image are, from which fits learn."""
    return folder / "tables" / name


def is_measured(folder: Path, name: str) -> bool:
    """Whether the graph of an image is finished."""
    path = graph_path(folder, name)
    return (path / RUN).is_file() and bool(open_result(path).run["finished"])


def measured_graph(folder: Path, name: str, client: Client | None = None) -> StoredGraph:
    """Return the graph of an image, computed as far as it is not there.

    Raises
    ------
    InputError
        If the image is not where it was, or has changed.
    """
    known = read_project(folder)
    image, now = opened_image(folder, known.image(name))
    if now != known.image(name):
        write_project(folder, known.with_image(now))
    path, model = graph_path(folder, name), MeasuredSuperpixels(known.recipe)
    if not is_measured(folder, name):
        goes_on = False
        with suppress(InputError):  # one that another version has begun, or before the file was touched, begins anew
            prepared(model, image, path, block=known.block)
            goes_on = True
        write_prediction(model, image, path, client=client, block=known.block, overwrite=not goes_on)
    return StoredGraph(open_result(path))


def forget_graph(folder: Path, name: str) -> None:
    """Remove the graph of an image and what follows from it; what is drawn stays."""
    for path in (graph_path(folder, name), tables_path(folder, name)):
        shutil.rmtree(path, ignore_errors=True)
