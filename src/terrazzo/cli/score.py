"""`terrazzo score`: results against annotations."""

from __future__ import annotations

from contextlib import nullcontext
from functools import reduce
from operator import add
from pathlib import Path
from typing import Annotated, Any

import typer

from terrazzo.cli.options import Axes, Empty, Json, Scheduler, SchedulerFile, Workers
from terrazzo.cli.printing import print_values
from terrazzo.cli.progress import display
from terrazzo.errors import InputError


def score(
    results: Annotated[Path, typer.Argument(help="A result that terrazzo predict has written, or a folder of them.")],
    annotations: Annotated[
        str, typer.Argument(help="The true class of each pixel, 255 where nobody has said: a file, a folder, a glob.")
    ],
    empty: Empty = 255,
    axes: Axes = None,
    scheduler: Scheduler = None,
    scheduler_file: SchedulerFile = None,
    workers: Workers = None,
    json: Json = False,
) -> None:
    """Print accuracy, IoU, Dice, confusion matrix and the superpixels' ceiling, over all pixels of all results.

    It runs in threads of its own process, unless a scheduler or a number of workers is given.
    """
    from terrazzo.blockwise.cluster import cluster_client
    from terrazzo.blockwise.score import score as score_result
    from terrazzo.io.files import find_annotations, find_results, pair_by_stem
    from terrazzo.io.open_annotation import open_annotation
    from terrazzo.io.result import RUN, open_result

    pairs = pair_by_stem(find_results(results, RUN), find_annotations(annotations))
    found = [(open_result(result), annotation) for result, annotation in pairs]
    opened = [(result, open_annotation(path, result, empty=empty, axes=axes)) for result, path in found]
    names = opened[0][0].run["class_names"]
    for result, _ in opened:
        if result.run["class_names"] != names:
            raise InputError(f"'{result.path}' has other classes than the first; score results of one model together")
    elsewhere = any(given is not None for given in (scheduler, scheduler_file, workers))
    where = cluster_client(scheduler, workers, scheduler_file) if elsewhere else nullcontext()
    with where as client, display() as shown:
        scores = reduce(add, [score_result(*pair, client=client, progress=shown.blocks) for pair in opened])
    values: dict[str, Any] = {
        "results": len(opened),
        "pixels": scores.pixels,
        "accuracy": scores.accuracy,
        "mean_iou": scores.mean_iou,
        "ceiling": scores.ceiling,
        "iou": dict(zip(names, scores.iou.tolist(), strict=True)),
        "dice": dict(zip(names, scores.dice.tolist(), strict=True)),
        "confusion": scores.confusion.tolist(),
    }
    print_values(values, as_json=json)
