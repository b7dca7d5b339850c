"""`terrazzo compare`: several methods on one split, and a report."""

from __future__ import annotations

import re
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar

import typer

from terrazzo.cli.annotated_images import open_annotated_images
from terrazzo.cli.groups import grouped
from terrazzo.cli.options import (
    Annotating,
    Annotations,
    Classes,
    Device,
    Images,
    Output,
    ReadingMany,
    Writing,
    parse_names,
)
from terrazzo.cli.printing import display, print_values
from terrazzo.errors import ParameterError


@dataclass(frozen=True)
class FirstOptions:
    """What most people need."""

    output: Output
    methods: Annotated[
        str, typer.Option(help="Comma-separated: lattice, unet, forest, or modules; unet:large is a variant.")
    ] = "lattice,unet,forest"
    classes: Classes = None
    split: Annotated[str, typer.Option(help="What is on one side only: image, group or region.")] = "image"
    seconds: Annotated[
        float | None, typer.Option(help="The most seconds of training, for each method; by default no limit.")
    ] = None


@dataclass(frozen=True)
class SplitOptions:
    """More about the split."""

    TITLE: ClassVar = "Split"

    groups: Annotated[
        str | None,
        typer.Option(help="A regular expression whose parenthesis is the group, or a CSV of name and group."),
    ] = None
    folds: Annotated[int, typer.Option(help="1 for one split; more test each image, group or region once.")] = 1
    gap: Annotated[int, typer.Option(help="Pixels between regions on different sides.")] = 64


@dataclass(frozen=True)
class MethodOptions:
    """What methods are granted and measured along."""

    TITLE: ClassVar = "Methods"

    setting: Annotated[
        list[str] | None, typer.Option(help="Of one method, such as lattice.size=8 or unet.base=64; may be repeated.")
    ] = None
    epochs: Annotated[int | None, typer.Option(help="The most epochs of a network; by default its own.")] = None
    seed: Annotated[int, typer.Option(help="Repeats a run.")] = 0
    device: Device = "auto"
    sizes: Annotated[str, typer.Option(help="Superpixel sizes for the trade-off; none leaves it out.")] = "4,8,16,32"
    sides: Annotated[str, typer.Option(help="Image sides at which memory is measured; none leaves it out.")] = (
        "1024,2048,4096,8192"
    )


@grouped
def compare(
    images: Images,
    annotations: Annotations,
    first: FirstOptions,
    splitting: SplitOptions,
    granted: MethodOptions,
    reading: ReadingMany,
    annotating: Annotating,
    writing: Writing,
) -> None:
    """Fit methods on the same pixels, measure what they reach and what they take, and write a report.

    Run again after an interruption, it goes on: what has been fitted is not fitted again.
    """
    from terrazzo.comparison.compare import compare as compare_methods
    from terrazzo.comparison.settings import Limits, Splitting, Sweeps

    sys.path.append(str(Path.cwd()))  # where a module of a method may lie

    given = open_annotated_images(images, annotations, first.output, reading, annotating, classes=first.classes)
    with display():
        compared = compare_methods(
            given.images,
            given.annotations,
            first.output,
            methods=parse_methods(first.methods, granted.setting or []),
            split=Splitting(by=first.split, **asdict(splitting)),  # type: ignore[arg-type]
            limits=Limits(seconds=first.seconds, epochs=granted.epochs, seed=granted.seed, device=granted.device),
            sweeps=Sweeps(sizes=parse_numbers("sizes", granted.sizes), sides=parse_numbers("sides", granted.sides)),
            overwrite=writing.overwrite,
        )
    print_values(_figures(compared.path, compared.report), as_json=writing.json)


def parse_methods(text: str, settings: list[str]) -> dict[str, dict[str, Any]] | list[str]:
    """Return methods with the settings of each.

    Raises
    ------
    ParameterError
        If a setting is not of the form method.name=value, or of a method that is not compared.
    """
    names = parse_names(text) or []
    given = parse_settings(settings)
    for name in given:
        if name not in names:
            raise ParameterError(f"there are settings for '{name}', which is not among the methods {names}")
    return {name: given.get(name, {}) for name in names} if len(set(names)) == len(names) else names


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
            raise ParameterError(f"setting is '{text}'; write it as method.name=value, such as lattice.size=8")
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
    shown = ("accuracy", "mean_iou", "macro_f1", "adjusted_rand", "boundary_f1", "ceiling", "calibration_error")
    return {
        "report": f"{path}/index.html",
        "summary": report["summary"],
        **{
            name: {"error": one["error"]}
            if "error" in one
            else {
                **{figure: one["scores"][figure] for figure in shown},
                "calibration_error_before": one["calibration_error_before"],
                "training_seconds": one["training"]["seconds"],
                "seconds_per_megapixel": one["seconds_per_megapixel"],
                "peak_memory_mib": max(one["training"]["peak_memory"], one["prediction"]["peak_memory"]) // 2**20,
            }
            for name, one in methods
        },
    }
