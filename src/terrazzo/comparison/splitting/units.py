"""What is held out whole: images, groups of images, or regions of them."""

from __future__ import annotations

import csv
import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import dask
import dask.array as da
import numpy as np
from numpy.typing import NDArray

from terrazzo.blocks import Box
from terrazzo.comparison.settings import Groups
from terrazzo.errors import InputError, ParameterError
from terrazzo.regions.classes.annotation import NOT_ANNOTATED, value_counts

REGIONS_PER_AXIS = 4


@dataclass(frozen=True)
class Unit:
    """A part of the images that is on one side of a split only.

    Parameters
    ----------
    name : str
    parts : tuple of (int, Box)
        Numbers of images, and the pixels of each that belong to it.
    """

    name: str
    parts: tuple[tuple[int, Box], ...]


def units_by_image(names: Sequence[str], extents: Sequence[tuple[int, ...]]) -> list[Unit]:
    """Return each image as a unit."""
    return [Unit(name, ((n, _whole(extent)),)) for n, (name, extent) in enumerate(zip(names, extents, strict=True))]


def units_by_group(names: Sequence[str], extents: Sequence[tuple[int, ...]], groups: Groups) -> list[Unit]:
    """Return each group of images as a unit.

    Parameters
    ----------
    names : sequence of str
    extents : sequence of tuple of int
    groups : str, path or mapping
        A regular expression whose first parenthesis is the group, such as "(subject[0-9]+)_"; a CSV file with the
        columns name and group; or a mapping. An empty group leaves an image out.

    Raises
    ------
    InputError
        If an image has no group, or the file is no such table.
    ParameterError
        If the expression is none, or has no parenthesis.
    """
    group_of = _groups(names, groups)
    members: dict[str, list[tuple[int, Box]]] = {}
    for number, (name, extent) in enumerate(zip(names, extents, strict=True)):
        if group_of[name]:
            members.setdefault(group_of[name], []).append((number, _whole(extent)))
    return [Unit(group, tuple(parts)) for group, parts in sorted(members.items())]


def units_by_region(names: Sequence[str], extents: Sequence[tuple[int, ...]], gap: int) -> list[Unit]:
    """Return the regions of each image, four along y and along x, fewer where they would not be two gaps wide."""
    units = []
    for number, (name, extent) in enumerate(zip(names, extents, strict=True)):
        for place, box in enumerate(_regions(extent, 2 * gap)):
            units.append(Unit(f"{name}, region {place}", ((number, box),)))
    return units


def class_counts_of(units: Sequence[Unit], annotations: Sequence[da.Array]) -> NDArray[np.int64]:
    """Return the annotated pixels of each class in each unit, shape (units, classes); annotations are read once.

    Raises
    ------
    InputError
        If an annotation holds a value that is no class.
    """
    counts = [
        sum(dask.delayed(value_counts)(chunk) for chunk in annotations[number][box.slices].to_delayed().ravel())
        for unit in units
        for number, box in unit.parts
    ]
    owner = np.repeat(np.arange(len(units)), [len(unit.parts) for unit in units])
    table = np.zeros((len(units), NOT_ANNOTATED + 1), np.int64)
    np.add.at(table, owner, np.array(dask.compute(*counts)).reshape(len(owner), -1))
    classes = int(np.flatnonzero(table[:, :NOT_ANNOTATED].any(axis=0)).max(initial=-1)) + 1
    return table[:, :classes]


def _whole(extent: tuple[int, ...]) -> Box:
    return Box((0,) * len(extent), extent)


def _regions(extent: tuple[int, ...], least: int) -> list[Box]:
    axes = []
    for axis, length in enumerate(extent):
        cuts = 1 if axis < len(extent) - 2 else min(REGIONS_PER_AXIS, max(1, length // max(1, least)))
        edges = [length * place // cuts for place in range(cuts + 1)]
        axes.append(list(itertools.pairwise(edges)))
    return [Box(*zip(*spans, strict=True)) for spans in itertools.product(*axes)]


def _groups(names: Sequence[str], groups: Groups) -> dict[str, str]:
    if isinstance(groups, Mapping):
        table, where = dict(groups), "the groups"
    elif str(groups).endswith(".csv"):
        table, where = _read_groups(Path(groups)), f"'{groups}'"
    else:
        return {name: _group_in(name, str(groups)) for name in names}
    missing = [name for name in names if name not in table]
    if missing:
        raise InputError(f"{where} do not name {missing[0]}; give every image a group, an empty one to leave it out")
    return table


def _group_in(name: str, pattern: str) -> str:
    try:
        found = re.search(pattern, name)
        group = "" if found is None else str(found[1] or "")
    except (re.error, IndexError) as error:
        raise ParameterError(
            f"groups is '{pattern}' ({error}); give a regular expression with one parenthesis, such as "
            "'(subject[0-9]+)', or a CSV file"
        ) from error
    if found is None:
        raise InputError(f"groups '{pattern}' does not match the image {name}; mend the expression or give a CSV file")
    return group


def _read_groups(path: Path) -> dict[str, str]:
    try:
        with path.open(newline="") as file:
            return {row["name"].strip(): (row["group"] or "").strip() for row in csv.DictReader(file)}
    except (OSError, KeyError, AttributeError, csv.Error, UnicodeDecodeError) as error:
        why = f" ({error.strerror})" if isinstance(error, OSError) else ""
        raise InputError(f"'{path}' is no table of groups{why}; give a CSV with the columns name and group") from error
