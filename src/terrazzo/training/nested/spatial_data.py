"""What of a SpatialData is embedded: its table, with positions from the labels or shapes that the table describes."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from terrazzo.errors import InputError, ParameterError
from terrazzo.wording import counted, listed

SYSTEM = "global"
"""The coordinate system in which a SpatialData has all its elements unless it says otherwise."""


def table_of(data: Any) -> Any:
    """Return the one table of a SpatialData; anything else as it is.

    Where the table has no `obsm["spatial"]`, its positions are the centroids of the labels or shapes that it describes,
    in the coordinate system that all are in.

    Raises
    ------
    ParameterError
        If there are more tables or none, spatialdata is not installed, or elements share no coordinate system.
    InputError
        If the table does not say what it describes, or a row describes nothing that is there.
    """
    tables = getattr(data, "tables", None)
    if tables is None:
        return data
    if len(tables) != 1:
        raise ParameterError(
            f"the SpatialData holds {len(tables)} tables ({', '.join(tables) or 'none'}); give the one that is to be "
            "embedded"
        )
    table = next(iter(tables.values()))
    described = table.uns.get("spatialdata_attrs")
    if "spatial" in table.obsm or described is None:
        return table
    placed = table.copy()
    placed.obsm["spatial"] = _centroids(data, table, described)
    return placed


def _centroids(data: Any, table: Any, described: Mapping[str, Any]) -> NDArray[np.float64]:
    """Return the centroids of what the rows of a table describe, shape (N, 2) or (N, 3), x first."""
    regions = [described["region"]] if isinstance(described["region"], str) else list(described["region"])
    missing = [name for name in regions if name not in data]
    if missing:
        raise InputError(f"the table describes '{missing[0]}', which is no element of the SpatialData")
    system, get_centroids = _system_of(data, regions), _imported("spatialdata").get_centroids
    found = {name: get_centroids(data[name], coordinate_system=system).compute() for name in regions}
    axes = [axis for axis in ("x", "y", "z") if all(axis in one for one in found.values())]
    where = {(name, instance): place for name, one in found.items() for place, instance in enumerate(one.index)}
    rows = list(zip(table.obs[described["region_key"]], table.obs[described["instance_key"]], strict=True))
    lost = [row for row in rows if row not in where]
    if lost:
        region, instance = lost[0]
        raise InputError(
            f"{counted(len(lost), 'row')} of the table {'describes' if len(lost) == 1 else 'describe'} nothing that is "
            f"there, the first {instance} of '{region}'; leave these rows out"
        )
    centroids = {name: one[axes].to_numpy(np.float64) for name, one in found.items()}
    return np.stack([centroids[row[0]][where[row]] for row in rows])


def _system_of(data: Any, regions: list[str]) -> str:
    get_transformation = _imported("spatialdata.transformations").get_transformation
    shared = set.intersection(*(set(get_transformation(data[name], get_all=True)) for name in regions))
    if not shared:
        raise ParameterError(f"{listed(regions)} share no coordinate system; transform them into one")
    return SYSTEM if SYSTEM in shared else min(shared)


def _imported(module: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ParameterError(
            f"positions of what a table describes need spatialdata, which cannot be imported ({error}); pip install "
            "spatialdata, or put positions into obsm['spatial']"
        ) from error
