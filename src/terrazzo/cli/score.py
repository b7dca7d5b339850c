"""`terrazzo score`: predictions against annotations."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import typer

from terrazzo.cli.groups import grouped
from terrazzo.cli.options import Axes, Elsewhere, Empty, Json, Map, Workers, parse_map, parse_names
from terrazzo.cli.printing import display, print_values
from terrazzo.errors import InputError, ParameterError


@dataclass(frozen=True)
class ReadingTruth:
    """How annotations are read."""

    TITLE: ClassVar = "Reading annotations"

    empty: Empty = 255
    map: Map = None
    axes: Axes = None


@grouped
def score(
    predictions: Annotated[
        str,
        typer.Argument(
            help="A result that terrazzo predict has written or a folder of them; or label images from elsewhere."
        ),
    ],
    annotations: Annotated[
        str, typer.Argument(help="The true class of each pixel, 255 where nobody has said: a file, a folder, a glob.")
    ],
    classes: Annotated[str | None, typer.Option(help="Names of the classes of label images, comma-separated.")] = None,
    prediction_map: Annotated[
        str | None, typer.Option(help="What values of label images that are predictions are read as, such as 255=1.")
    ] = None,
    tolerance: Annotated[float, typer.Option(help="The distance in pixels up to which boundaries match.")] = 2.0,
    workers: Workers = None,
    json: Json = False,
    *,
    reading: ReadingTruth,
    elsewhere: Elsewhere,
) -> None:
    """Print accuracy, IoU, Dice, F1, adjusted Rand, boundary F1, ceiling, calibration error and confusion matrix.

    It runs in threads of its own process, unless a scheduler or a number of workers is given.
    """
    from terrazzo.blockwise.cluster.cluster import cluster_client
    from terrazzo.blockwise.runs.score import score_together
    from terrazzo.io.annotations.open_annotation import open_annotations
    from terrazzo.io.files import find_annotations, find_predictions, pair_by_stem
    from terrazzo.io.images.open_image import open_labels
    from terrazzo.io.results.result import RUN, open_result

    found, are_results = find_predictions(predictions, RUN)
    pairs = pair_by_stem(found, find_annotations(annotations))
    names = parse_names(classes)
    opened: list[Any]
    if are_results:
        opened = [open_result(path) for path, _ in pairs]
        if prediction_map is not None:
            raise ParameterError("--prediction-map is for label images; a result holds its classes as they are")
        names = _common_names(opened, names)
    else:
        opened = [open_labels(path, map=parse_map(prediction_map)) for path, _ in pairs]
    paths = [annotation for _, annotation in pairs]
    how: dict[str, Any] = {"empty": reading.empty, "axes": reading.axes, "map": parse_map(reading.map)}
    truths = open_annotations(paths, opened, classes=names, **how)
    scheduler, file = elsewhere.scheduler, elsewhere.scheduler_file
    in_threads = all(given is None for given in (scheduler, file, workers))
    where = nullcontext() if in_threads else cluster_client(scheduler, workers, file)
    with where as client, display():
        number = None if names is None else len(names)
        scores = score_together(opened, truths, classes=number, tolerance=tolerance, client=client)
    names = names or [f"class {value}" for value in range(len(scores.confusion))]
    values = {"results" if are_results else "predictions": len(opened), **scores.summary(names)}
    print_values(values, as_json=json)


def _common_names(results: list[Any], given: list[str] | None) -> list[str]:
    """Return the class names that all results have."""
    if given is not None:
        raise ParameterError("--classes is for label images; a result knows the names of its classes")
    names: list[str] = results[0].run["class_names"]
    for result in results:
        if result.run["class_names"] != names:
            raise InputError(f"'{result.path}' has other classes than the first; score results of one model together")
    return names
