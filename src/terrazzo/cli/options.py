"""Options that several commands share."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar

import typer

from terrazzo.errors import ParameterError

# What masks are when images are stacks of sections.
STACKED = "zyx"

Images = Annotated[str, typer.Argument(help="A file, a folder or a quoted glob.")]
Annotations = Annotated[str, typer.Argument(help="The same, with a class per pixel, or shapes (JSON, CSV, ROI).")]
Classes = Annotated[
    str | None,
    typer.Option(help="Names in the order of values, such as a,b; with the labels' colours, a=#ff0000,…; or a CSV."),
]
Seconds = Annotated[
    float | None,
    typer.Option(help="About the most seconds of training and what comes before it; by default no limit."),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace what is at the output path.")]
Device = Annotated[str, typer.Option(help="Where the network runs: auto, cpu, cuda or cuda:0.")]
Level = Annotated[int, typer.Option(help="The level of a pyramid; 0 is the finest.")]
Axes = Annotated[str | None, typer.Option(help="The axes of the files, such as yx, cyx, yxc or zyx.")]
Select = Annotated[
    str | None,
    typer.Option(help="What is opened along t, c and z, by index from 0 or range, such as t=3 or t=3,z=10:20."),
]
PixelSize = Annotated[
    str | None,
    typer.Option(help="In place of a level: the one whose pixels are nearest to so many micrometres, such as 0.5."),
]
Calibration = Annotated[
    str | None,
    typer.Option(help="Micrometres of a pixel of level 0, in place of the file's: one number, or one per axis."),
]
Size = Annotated[str, typer.Option(help="The spacing of superpixels in pixels, such as 16, or 2,8,8 for (z, y, x).")]
Mask = Annotated[
    str | None,
    typer.Option(help="Label images, whose 0 is left out, or shapes, paired by name: a file, a folder or a glob."),
]
Empty = Annotated[int, typer.Option(help="What label images have where nothing is annotated: 255, or 0.")]
Map = Annotated[
    str | None,
    typer.Option(help="What values of label images are read as, such as 255=1, or 10=0,20=1; others stay as they are."),
]
Scheduler = Annotated[str | None, typer.Option(help="A Dask scheduler's address, such as tcp://host:8786.")]
SchedulerFile = Annotated[
    Path | None, typer.Option(help="The file that dask scheduler --scheduler-file has written, in place of an address.")
]
Workers = Annotated[
    int | None, typer.Option(help="Processes of the local cluster; by default one per core, fewer if memory is short.")
]
MemoryLimit = Annotated[str | None, typer.Option(help="The memory limit of each of these processes, such as 2GiB.")]
Block = Annotated[
    int | None,
    typer.Option(help="About how many pixels wide a task's block is; by default what suits image and model."),
]
Probabilities = Annotated[
    bool, typer.Option("--probabilities", help="Write an image of the probability of each class as well.")
]
Output = Annotated[Path, typer.Option("--output", "-o", help="Where to write.")]


def parse_lengths(name: str, text: str | None) -> tuple[float, ...] | None:
    """Return what an option of one or more lengths says.

    Raises
    ------
    ParameterError
        If it is not numbers with commas between them.
    """
    sentence = f"{name} is '{text}'; give one number of micrometres, such as 0.5, or one per axis, such as 2,0.5,0.5"
    return _parse_numbers(text, sentence)


def parse_map(text: str | None) -> dict[int, int] | None:
    """Return what --map says: values and what each is read as.

    Raises
    ------
    ParameterError
        If it is not pairs of whole numbers with commas between them, or one value is there twice.
    """
    if text is None:
        return None
    pairs = [re.fullmatch(r"\s*(-?\d+)\s*=\s*(\d+)\s*", part) for part in text.split(",")]
    found = {int(pair[1]): int(pair[2]) for pair in pairs if pair is not None}
    if len(found) < len(pairs):
        raise ParameterError(f"map is '{text}'; give each value once with its class, such as 255=1 or 10=0,20=1,30=2")
    return found


def parse_names(text: str | None) -> list[str] | None:
    """Return names with commas between them as a list."""
    return None if text is None else [name.strip() for name in text.split(",")]


def parse_classes(text: str | None) -> list[str] | dict[str, str] | None:
    """Return what --classes says: names, or names and colours; of a path that ends in .csv, those in the file.

    Raises
    ------
    ParameterError
        If some names have a colour and others have none, or one has two.
    InputError
        If the file is no table of classes.
    """
    if text is not None and text.lower().endswith(".csv"):
        from terrazzo.io.annotations.class_table import read_class_table

        return read_class_table(text)
    names = parse_names(text)
    if names is None or not any("=#" in name for name in names):
        return names
    pairs = [name.rpartition("=#") for name in names]
    colours = {name.strip(): f"#{code.strip()}" for name, _, code in pairs if name}
    if len(colours) < len(names):
        raise ParameterError(f"classes are '{text}'; give each one colour, such as tumour=#ff0000,stroma=#00ff00")
    return colours


def parsed_select(text: str | None) -> dict[str, int | slice] | None:
    """Return what --select says; see `parse_select`."""
    from terrazzo.io.readers.selection import parse_select

    return parse_select(text)


def parse_weights(text: str | None) -> tuple[float, ...] | None:
    """Return what --weights says: one number per channel.

    Raises
    ------
    ParameterError
        If it is not numbers with commas between them.
    """
    return _parse_numbers(text, f"weights are '{text}'; give one number per channel, such as 1,0.5")


def parse_chunks(text: str | None) -> tuple[int, ...] | None:
    """Return what --chunks says: one whole number per axis.

    Raises
    ------
    ParameterError
        If it is not two or three whole numbers of at least 2 with commas between them.
    """
    if text is None:
        return None
    sizes = tuple(int(part) for part in text.split(",") if part.strip().isdecimal())
    if len(sizes) != text.count(",") + 1 or len(sizes) not in (2, 3) or min(sizes) < 2:
        raise ParameterError(f"chunks is '{text}'; give at least 2 pixels for each axis, such as 256,256 or 32,64,64")
    return sizes


def parse_size(text: str) -> int | tuple[int, ...]:
    """Return what --size says: one number for all axes, or one per axis.

    Raises
    ------
    ParameterError
        If it is not one, two or three whole numbers with commas between them.
    """
    try:
        sizes = tuple(int(part) for part in text.split(","))
    except ValueError:
        sizes = ()
    if not 1 <= len(sizes) <= 3:
        raise ParameterError(
            f"size is '{text}'; it must be a whole number of pixels of at least 2, or one per axis, such as 16, "
            "8,16 for (y, x) or 2,8,8 for (z, y, x)"
        )
    return sizes[0] if len(sizes) == 1 else sizes


def parse_levels(name: str, text: str) -> int | tuple[Any, ...]:
    """Return what --kernels, --pools, --dilations or --crf-radius says: one number, or an entry per level or branch.

    Entries have spaces between them, numbers per axis commas, and kernels of the same level a plus.

    Raises
    ------
    ParameterError
        If it is none.
    """
    try:
        entries = [[tuple(map(int, numbers.split(","))) for numbers in entry.split("+")] for entry in text.split()]
    except ValueError:
        entries = []
    if not entries:
        raise ParameterError(
            f"{name} is '{text}'; write one number, such as 3, or one per axis for each level, such as '1,3,3 3', with "
            "a plus between those of one level, such as 1,3,3+3,3,3"
        )
    plain = tuple(tuple(entry) if len(entry) > 1 else _one(entry[0]) for entry in entries)
    return plain[0] if len(plain) == 1 and isinstance(plain[0], int) else plain


def _one(numbers: tuple[int, ...]) -> int | tuple[int, ...]:
    return numbers[0] if len(numbers) == 1 else numbers


def _parse_numbers(text: str | None, otherwise: str) -> tuple[float, ...] | None:
    try:
        return None if text is None else tuple(float(part) for part in text.split(","))
    except ValueError as error:
        raise ParameterError(otherwise) from error


@dataclass(frozen=True)
class Elsewhere:
    """A Dask cluster that is there already."""

    TITLE: ClassVar = "Dask cluster"

    scheduler: Scheduler = None
    scheduler_file: SchedulerFile = None


@dataclass(frozen=True)
class Running(Elsewhere):
    """A Dask cluster, or processes of this machine, and their blocks."""

    memory_limit: MemoryLimit = None
    block: Block = None


@dataclass(frozen=True)
class Writing:
    """What happens to what is at the output path, and how figures are printed."""

    TITLE: ClassVar = "Output"

    overwrite: Overwrite = False
    json: Json = False


@dataclass(frozen=True)
class Reading:
    """How an image is read."""

    TITLE: ClassVar = "Reading images"

    level: Level = 0
    pixel_size: PixelSize = None
    calibration: Calibration = None
    axes: Axes = None
    select: Select = None

    def opening(self) -> dict[str, Any]:
        """Return the arguments of `open_image`.

        Raises
        ------
        ParameterError
            If a size is no number, or a selection none.
        """
        sizes = {
            "pixel_size": parse_lengths("pixel_size", self.pixel_size),
            "calibration": parse_lengths("calibration", self.calibration),
        }
        return {"level": self.level, "axes": self.axes, "select": parsed_select(self.select), **sizes}


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
    map: Map = None
    annotation_level: Annotated[int, typer.Option(help="The level of the annotations' pyramid.")] = 0
    annotation_axes: Annotated[str | None, typer.Option(help="The axes of the annotations' files.")] = None
    annotation_select: Annotated[
        str | None,
        typer.Option(help="As --select; by default the same t and z, where annotations have as many as the images."),
    ] = None
