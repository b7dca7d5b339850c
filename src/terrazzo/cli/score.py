"""`terrazzo score`: a result against an annotation."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from terrazzo.cli.options import Json
from terrazzo.cli.printing import print_values
from terrazzo.cli.progress import display


def score(
    result: Annotated[Path, typer.Argument(help="A result that terrazzo predict has written.")],
    annotation: Annotated[str, typer.Argument(help="The true class of each pixel; 255 is not annotated.")],
    json: Json = False,
) -> None:
    """Print accuracy, intersection over union, Dice, confusion matrix and the superpixels' ceiling."""
    from terrazzo.blockwise.score import score as score_result
    from terrazzo.io.open_image import open_labels
    from terrazzo.io.result import open_result

    opened = open_result(result)
    with display() as shown:
        scores = score_result(opened, open_labels(annotation), progress=shown.blocks)
    names = opened.run["class_names"]
    values: dict[str, Any] = {
        "pixels": scores.pixels,
        "accuracy": scores.accuracy,
        "mean_iou": scores.mean_iou,
        "ceiling": scores.ceiling,
        "iou": dict(zip(names, scores.iou.tolist(), strict=True)),
        "dice": dict(zip(names, scores.dice.tolist(), strict=True)),
        "confusion": scores.confusion.tolist(),
    }
    print_values(values, as_json=json)
