"""`terrazzo score`: results against annotations."""

from __future__ import annotations

from functools import reduce
from operator import add
from pathlib import Path
from typing import Annotated, Any

import typer

from terrazzo.cli.options import Axes, Json
from terrazzo.cli.printing import print_values
from terrazzo.cli.progress import display
from terrazzo.errors import InputError


def score(
    results: Annotated[Path, typer.Argument(help="A result that terrazzo predict has written, or a folder of them.")],
    annotations: Annotated[
        str, typer.Argument(help="The true class of each pixel, 255 where nobody has said: a file, a folder, a glob.")
    ],
    axes: Axes = None,
    json: Json = False,
) -> None:
    """Print accuracy, IoU, Dice, confusion matrix and, of superpixels, the ceiling, over all pixels of all results."""
    from terrazzo.blockwise.score import score as score_result
    from terrazzo.io.files import find_images, find_results, pair_by_stem
    from terrazzo.io.open_image import open_labels
    from terrazzo.io.result import RUN, open_result

    pairs = pair_by_stem(find_results(results, RUN), find_images(annotations))
    opened = [(open_result(result), open_labels(annotation, axes=axes)) for result, annotation in pairs]
    names = opened[0][0].run["class_names"]
    for result, _ in opened:
        if result.run["class_names"] != names:
            raise InputError(f"'{result.path}' has other classes than the first; score results of one model together")
    with display() as shown:
        scores = reduce(add, [score_result(*pair, progress=shown.blocks) for pair in opened])
    values: dict[str, Any] = {
        "results": len(opened),
        "pixels": scores.pixels,
        "accuracy": scores.accuracy,
        "mean_iou": scores.mean_iou,
        **({} if scores.best is None else {"ceiling": scores.ceiling}),
        "iou": dict(zip(names, scores.iou.tolist(), strict=True)),
        "dice": dict(zip(names, scores.dice.tolist(), strict=True)),
        "confusion": scores.confusion.tolist(),
    }
    print_values(values, as_json=json)
