"""What a result says of itself: what it holds, how far it is, and a picture of its classes if it is finished."""

from __future__ import annotations

import math
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np
import zarr

from terrazzo.html import MOST_READ, SIDE, Html, of_classes, swatches, table
from terrazzo.palette import class_colours
from terrazzo.wording import by, counted, lengths

if TYPE_CHECKING:
    from terrazzo.io.results.result import Result

CLASSES = "labels/classes"


def result_text(result: Result) -> str:
    """Return one line; nothing but `run.json` is read."""
    holds = " and ".join(result.passes)
    size, blocks = lengths(result.grid.lattice.shape), counted(len(result.grid), "block")
    return f"<terrazzo.Result {size}, {holds} in {blocks}, {_state(_run(result))}, {result.path!r}>"


def result_html(result: Result) -> str:
    """Return a table for notebooks, with the classes if a small level of them is stored."""
    run, side = _run(result), result.grid[(0,) * len(result.grid.shape)].core.shape
    names, colours = run.get("class_names", ()), run.get("made_from", {}).get("colours", ())
    figures = {
        name.replace("_", " ").capitalize(): f"{run['figures'][name]:,}"
        for name in ("superpixels", "edges")
        if name in run.get("figures", {})
    }
    rows = {
        "Extent": lengths(result.grid.lattice.shape),
        "Holds": ", ".join((*result.passes, *(["probabilities"] if result.probabilities else []))),
        "State": _state(run),
        "Blocks": f"{len(result.grid):,} of {by(side)} pixels",
        **figures,
        "Features": f"{len(result.node_columns)} of nodes, {len(result.edge_columns)} of edges",
        "Classes": swatches(names, class_colours(len(names), colours)) if names else None,
        "Path": result.path,
    }
    return table("terrazzo.Result", rows, _picture(result, colours) if run.get("finished") else None)


def _run(result: Result) -> dict[str, Any]:
    with suppress(Exception):  # whatever became of the files: who looks at a value did not ask to read them
        run = result.run
        return run if isinstance(run, dict) else {}
    return {}


def _state(run: dict[str, Any]) -> str:
    if not run:
        return "whose files are gone"
    return "finished" if run.get("finished") else "not finished"


def _picture(result: Result, colours: Any) -> Html | None:
    """Return the coarsest level of the classes that fills a thumbnail, if it is small and stored in small pieces."""
    with suppress(Exception):
        shapes, chunk = result.pyramid.shapes, result.pyramid.chunk
        level = max((n for n, shape in enumerate(shapes) if max(shape[-2:]) >= SIDE), default=0)
        if max(math.prod(shapes[level][-2:]), math.prod(chunk)) <= MOST_READ:
            coarse = zarr.open_array(f"{result.path}/{CLASSES}/{level}", mode="r")
            middle = (coarse.shape[0] // 2,) if coarse.ndim == 3 else ()
            return of_classes(np.asarray(coarse[(*middle, ...)]), colours)
    return None
