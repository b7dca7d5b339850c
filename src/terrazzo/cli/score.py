"""`terrazzo score`: predictions against annotations."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from math import isnan
from typing import Annotated, Any, ClassVar

import typer

from terrazzo.cli.groups import grouped
from terrazzo.cli.options import (
    Axes,
    Elsewhere,
    Empty,
    Json,
    Map,
    Select,
    Workers,
    parse_classes,
    parse_map,
    parsed_select,
)
from terrazzo.cli.printing import display, print_values
from terrazzo.errors import InputError, ParameterError


@dataclass(frozen=True)
class ReadingTruth:
    """How annotations are read."""

    TITLE: ClassVar = "Reading annotations"

    empty: Empty = 255
    map: Map = None
    axes: Axes = None
    select: Select = None
    prediction_axes: Annotated[
        str | None, typer.Option(help="As --axes, of predictions that are label images from elsewhere.")
    ] = None
    prediction_select: Annotated[
        str | None, typer.Option(help="As --select, of predictions that are label images from elsewhere.")
    ] = None


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
    classes: Annotated[
        str | None,
        typer.Option(help="Names of the classes of label images, a,b; with colours a=#ff0000,b=#00ff00; or a CSV."),
    ] = None,
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
    known = parse_classes(classes)
    opened: list[Any]
    if are_results:
        opened = [open_result(path) for path, _ in pairs]
        given = {"map": prediction_map, "axes": reading.prediction_axes, "select": reading.prediction_select}
        for name, value in given.items():
            if value is not None:
                raise ParameterError(f"--prediction-{name} is for label images; a result holds its classes as they are")
        known = _common_classes(opened, known)
    else:
        colours = list(known.values()) if isinstance(known, dict) else None
        how: dict[str, Any] = {"map": parse_map(prediction_map), "select": parsed_select(reading.prediction_select)}
        how["axes"] = reading.prediction_axes
        opened = [open_labels(path, colours=colours, **how) for path, _ in pairs]
    paths = [annotation for _, annotation in pairs]
    told: dict[str, Any] = {"empty": reading.empty, "axes": reading.axes, "map": parse_map(reading.map)}
    truths = open_annotations(paths, opened, classes=known, select=parsed_select(reading.select), **told)
    names = None if known is None else list(known)
    scheduler, file = elsewhere.scheduler, elsewhere.scheduler_file
    in_threads = all(given is None for given in (scheduler, file, workers))
    where = nullcontext() if in_threads else cluster_client(scheduler, workers, file)
    with where as client, display():
        number = None if names is None else len(names)
        scores = score_together(opened, truths, classes=number, tolerance=tolerance, client=client)
    names = names or [f"class {value}" for value in range(len(scores.confusion))]
    values = {"results" if are_results else "predictions": len(opened), **scores.summary(names)}
    if not json:
        values = {name: value for name, value in values.items() if not (isinstance(value, float) and isnan(value))}
    print_values(values, as_json=json)


def _common_classes(results: list[Any], given: list[str] | dict[str, str] | None) -> list[str] | dict[str, str]:
    """Return the class names that all results have, with the colours that truth has them in, if these are given."""
    names: list[str] = results[0].run["class_names"]
    if given is not None and not (isinstance(given, dict) and set(given) == set(names)):
        raise ParameterError(
            "--classes is for label images, or says the colour of each class of a result, which knows their names: "
            f"{', '.join(names)}"
        )
    for result in results:
        if result.run["class_names"] != names:
            raise InputError(f"'{result.path}' has other classes than the first; score results of one model together")
    return {name: given[name] for name in names} if isinstance(given, dict) else names
