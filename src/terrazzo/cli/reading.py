"""How images and annotations are read: groups of options that several commands share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import typer

from terrazzo.cli.options import Axes, Calibration, Empty, Level, PixelSize, parse_lengths


@dataclass(frozen=True)
class Reading:
    """How an image is read."""

    TITLE: ClassVar = "Reading images"

    level: Level = 0
    pixel_size: PixelSize = None
    calibration: Calibration = None
    axes: Axes = None

    def opening(self) -> dict[str, Any]:
        """Return the arguments of `open_image`.

        Raises
        ------
        ParameterError
            If a size is no number.
        """
        sizes = {
            "pixel_size": parse_lengths("pixel_size", self.pixel_size),
            "calibration": parse_lengths("calibration", self.calibration),
        }
        return {"level": self.level, "axes": self.axes, **sizes}


@dataclass(frozen=True)
class ReadingMany(Reading):
    """How images are read, of which a glob may be one."""

    stack: Annotated[
        bool,
        typer.Option("--stack", help="Take a quoted glob as one image: files stacked along the first axis of --axes."),
    ] = False


@dataclass(frozen=True)
class Annotating:
    """How annotations are read."""

    TITLE: ClassVar = "Reading annotations"

    empty: Empty = 255
    annotation_level: Annotated[int, typer.Option(help="The level of the annotations' pyramid.")] = 0
    annotation_axes: Annotated[str | None, typer.Option(help="The axes of the annotations' files.")] = None
