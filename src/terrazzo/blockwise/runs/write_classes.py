"""Label an image whose superpixels and graph are on disk already: the passes that follow them, and no pixel twice."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from distributed import Client

from terrazzo.blocks import Block
from terrazzo.blockwise.cluster.active_client import active_client
from terrazzo.blockwise.cluster.run_blocks import run_blocks
from terrazzo.blockwise.inputs.model_image import model_image, say_pixel_size
from terrazzo.blockwise.planning.refuse import refuse_what_does_not_fit
from terrazzo.blockwise.runs.made_from import made_from, started_result
from terrazzo.blockwise.runs.prepared import check_outputs, check_path
from terrazzo.blockwise.runs.write_prediction import go_on, looked_at
from terrazzo.errors import InputError, ModelError
from terrazzo.io.failures import reported_as_not_written
from terrazzo.io.images.image import Image
from terrazzo.io.mapped_arrays import write_arrays
from terrazzo.io.results.new_result import create_result_of
from terrazzo.io.results.result import SUPERPIXELS, Result
from terrazzo.models.device import choose_device
from terrazzo.models.fitted_model import FittedModel
from terrazzo.models.passes.declared import Pass
from terrazzo.progress import shows_progress


@shows_progress
def write_classes(
    model: FittedModel,
    image: Image,
    graph: Result,
    path: str | Path,
    *,
    client: Client | None = None,
    device: str = "auto",
    probabilities: bool = False,
) -> Result:
    """Write what `write_prediction` writes, with the superpixels, rows and edges of a result that has them.

    They are linked into the new result, or copied where the file system has no links. Called again after it was
    interrupted, it goes on where it stopped. A result of another model that is there is replaced.

    Parameters
    ----------
    model : FittedModel
        One on superpixels.
    image : Image
    graph : Result
        A finished result of that image, whose superpixels were made and measured as the model wants it.
    path : path
        The result's directory.
    client, device, probabilities
        As for `write_prediction`.

    Raises
    ------
    ModelError
        If the graph's superpixels or features are not those of the model, or the image's channels are not.
    InputError, ParameterError
        As for `write_prediction`.
    """
    check_path(path, image, None)
    model_image(model, image)
    check_outputs(model, probabilities)
    graph.check_finished()
    _check_graph(model, graph)
    say_pixel_size(model, image)
    choose_device(device)
    client = active_client(client)
    source = made_from(model, image, None, graph.grid, probabilities) | {"graph": graph.run_id}
    result = _started(path, source)
    if result is None or not result.run["finished"]:
        refuse_what_does_not_fit(model, image, graph.grid, client, probabilities=probabilities)
    passes = model.passes(device)
    if result is None:
        _, notes = looked_at(model, passes[1:], image, None, client, probabilities=probabilities)
        made = partial(create_result_of, model, passes, path, graph.grid, image=image, probabilities=probabilities)
        known = {name: value for name, value in graph.run["made_from"].items() if name not in source}
        result = made(made_from=source | known, overwrite=Path(path).exists(), notes=notes)
    if not result.run["finished"]:
        with reported_as_not_written(path):
            _take_superpixels(result, graph, passes)
            for _ in run_blocks(_take_rows, graph.grid.along_curve(), result, graph, client=client):
                pass
        go_on(result, model, passes, image, None, client)
    return result


def _check_graph(model: FittedModel, graph: Result) -> None:
    theirs = graph.run["made_from"].get("superpixels"), list(graph.node_columns)
    if theirs != (_plain(model.named_parameters().get("superpixels")), list(model.node_columns)):
        raise ModelError(f"the superpixels of '{graph.path}' are not those that the model was fitted on; fit on them")


def _plain(values: Any) -> Any:
    return values and {name: list(one) if isinstance(one, tuple) else one for name, one in values.items()}


def _started(path: str | Path, source: dict[str, Any]) -> Result | None:
    """Return the result that was begun from the same; None where none is, or one of something else."""
    try:
        return started_result(path, source)
    except InputError:
        return None


def _take_superpixels(result: Result, graph: Result, passes: Sequence[Pass]) -> None:
    """Bring the finest level of the superpixels and the edges into a result, and last the markers of the pass."""
    name = passes[0].name
    folders = (f"{SUPERPIXELS}/0", "edges", str(graph.markers(name).relative_to(graph.path)))
    for folder in folders:
        for file in _files(Path(graph.path) / folder):
            target = Path(result.path) / file.relative_to(graph.path)
            if file.name != "zarr.json" and not target.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                _link(file, target)


def _take_rows(block: Block, result: Result, graph: Result) -> None:
    """Keep the rows of a block where blocks around it map them, for as long as the run goes on."""
    if not result.rows(block).exists():
        write_arrays(vars(graph.read_graph(block)), result.rows(block))


def _files(folder: Path) -> Iterator[Path]:
    return (file for file in folder.rglob("*") if file.is_file())


def _link(file: Path, target: Path) -> None:
    try:
        os.link(file, target)
    except OSError:
        partial = target.with_name(f".{target.name}.partial")
        shutil.copyfile(file, partial)
        partial.replace(target)
