"""`terrazzo compare`: several methods on one split, and a report."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from terrazzo.cli.annotated_images import open_annotated_images
from terrazzo.cli.options import (
    Axes,
    Calibration,
    Device,
    Empty,
    Json,
    Level,
    Output,
    Overwrite,
    PixelSize,
    Stack,
    opening,
)
from terrazzo.cli.printing import print_values
from terrazzo.cli.progress import display
from terrazzo.errors import ParameterError


def compare(
    images: Annotated[str, typer.Argument(help="A file, a folder or a quoted glob.")],
    annotations: Annotated[str, typer.Argument(help="The same, with a class per pixel or shapes of GeoJSON or CSV.")],
    output: Output,
    methods: Annotated[
        str, typer.Option(help="Comma-separated: gnn, unet, forest, or modules; unet:large is a variant.")
    ] = "gnn,unet,forest",
    classes: Annotated[str | None, typer.Option(help="Names, comma-separated, in the order of values.")] = None,
    split: Annotated[str, typer.Option(help="What is on one side only: image, group or region.")] = "image",
    groups: Annotated[
        str | None,
        typer.Option(help="A regular expression whose parenthesis is the group, or a CSV of name and group."),
    ] = None,
    folds: Annotated[int, typer.Option(help="1 for one split; more test each image, group or region once.")] = 1,
    gap: Annotated[int, typer.Option(help="Pixels between regions on different sides.")] = 64,
    seconds: Annotated[float | None, typer.Option(help="The most seconds of training, for each method.")] = None,
    epochs: Annotated[int | None, typer.Option(help="The most epochs of a network.")] = None,
    seed: Annotated[int, typer.Option(help="Repeats a run.")] = 0,
    sizes: Annotated[str, typer.Option(help="Superpixel sizes for the trade-off; none leaves it out.")] = "4,8,16,32",
    sides: Annotated[
        str, typer.Option(help="Image sides at which memory is measured; none leaves it out.")
    ] = "1024,2048,4096,8192",
    setting: Annotated[
        list[str] | None, typer.Option(help="Of one method, such as gnn.size=8 or unet.base=64; may be repeated.")
    ] = None,
    level: Level = 0,
    pixel_size: PixelSize = None,
    calibration: Calibration = None,
    annotation_level: Annotated[int, typer.Option(help="The level of the annotations' pyramid.")] = 0,
    axes: Axes = None,
    empty: Empty = 255,
    annotation_axes: Annotated[str | None, typer.Option(help="The axes of the annotations' files.")] = None,
    stack: Stack = False,
    device: Device = "auto",
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Fit methods on the same pixels, measure what they reach and what they take, and write a report.

    Run again after an interruption, it goes on: what has been fitted is not fitted again.
    """
    from terrazzo.comparison.compare import compare as compare_methods

    sys.path.append(str(Path.cwd()))  # where a module of a method may lie

    given = open_annotated_images(
        images,
        annotations,
        output,
        opening(level, axes, pixel_size, calibration),
        classes=classes,
        empty=empty,
        level=annotation_level,
        axes=annotation_axes,
        stack=stack,
    )
    with display() as shown:
        compared = compare_methods(
            given.images,
            given.annotations,
            output,
            methods=tuple(name.strip() for name in methods.split(",")),
            split=split,  # type: ignore[arg-type]
            groups=groups,
            folds=folds,
            gap=gap,
            seconds=seconds,
            epochs=epochs,
            seed=seed,
            sizes=parse_numbers("sizes", sizes),
            sides=parse_numbers("sides", sides),
            settings=parse_settings(setting or []),
            device=device,
            overwrite=overwrite,
            progress=lambda what, done, total: shown.step(f"{done + 1} of {total}: {what}"),
        )
    print_values(_figures(compared.path, compared.report), as_json=json)


def parse_numbers(name: str, text: str) -> tuple[int, ...]:
    """Return whole numbers with commas between them; "none" is no number.

    Raises
    ------
    ParameterError
        If it is neither.
    """
    if text.strip().lower() in ("none", ""):
        return ()
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError as error:
        raise ParameterError(f"{name} is '{text}'; give whole numbers, such as 8,16, or none") from error


def parse_settings(texts: list[str]) -> dict[str, dict[str, Any]]:
    """Return settings of methods by method and name.

    Raises
    ------
    ParameterError
        If one is not of the form method.name=value.
    """
    settings: dict[str, dict[str, Any]] = {}
    for text in texts:
        left, equals, value = text.partition("=")
        method, dot, name = left.rpartition(".")
        if not (equals and dot and method and name and value):
            raise ParameterError(f"setting is '{text}'; write it as method.name=value, such as gnn.size=8")
        settings.setdefault(method, {})[name] = _value(value)
    return settings


def _value(text: str) -> int | float | str | list[int]:
    if re.fullmatch(r"\d+(,\d+)+", text):
        return [int(part) for part in text.split(",")]
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _figures(path: str, report: dict[str, Any]) -> dict[str, Any]:
    methods = report["methods"].items()
    shown = ("accuracy", "mean_iou", "macro_f1", "adjusted_rand", "boundary_f1", "ceiling")
    return {
        "report": f"{path}/index.html",
        "summary": report["summary"],
        **{
            name: {"error": one["error"]}
            if "error" in one
            else {
                **{figure: one["scores"][figure] for figure in shown},
                "training_seconds": one["training"]["seconds"],
                "seconds_per_megapixel": one["seconds_per_megapixel"],
                "peak_memory_mib": max(one["training"]["peak_memory"], one["prediction"]["peak_memory"]) // 2**20,
            }
            for name, one in methods
        },
    }
