import importlib.util

import anndata
import numpy as np
import pandas
import pytest

import terrazzo as tz
from terrazzo.training.nested.spatial_data import table_of


class Spatial:
    """What of a SpatialData is looked at where positions are there."""

    def __init__(self, **tables):
        self.tables = tables


def table(regions, instances):
    counts = np.random.default_rng(0).poisson(5, (len(regions), 36)).astype(np.float32)
    names = pandas.Index([str(number) for number in range(len(regions))], dtype=object)
    rows = pandas.DataFrame({"region": pandas.Categorical(regions), "cell": instances}, index=names)
    attributes = {"region": sorted(set(regions)), "region_key": "region", "instance_key": "cell"}
    return anndata.AnnData(counts, obs=rows, uns={"spatialdata_attrs": attributes})


def test_anything_else_and_a_table_with_positions_are_taken_as_they_are():
    data = table(["cells"] * 3, [1, 2, 3])
    assert table_of(data) is data
    data.obsm["spatial"] = np.zeros((3, 2))
    assert table_of(Spatial(table=data)) is data
    with pytest.raises(tz.TerrazzoError, match=r"holds 2 tables \(a, b\)"):
        tz.embed(Spatial(a=data, b=data))


@pytest.mark.skipif(importlib.util.find_spec("spatialdata") is not None, reason="spatialdata is installed")
def test_without_spatialdata_it_is_said_what_positions_need():
    class OfCells(Spatial):
        def __contains__(self, name):
            return name == "cells"

    with pytest.raises(
        tz.TerrazzoError, match=r"need spatialdata, .*pip install spatialdata, or put positions into obsm"
    ):
        tz.embed(OfCells(table=table(["cells"] * 3, [1, 2, 3])))


@pytest.fixture
def cells():
    """A SpatialData of 63 cells 8 pixels wide, 21 more of them in labels of another scale, and one table of all."""
    spatialdata = pytest.importorskip("spatialdata", reason="spatialdata is not installed")
    from spatialdata.models import Labels2DModel, TableModel
    from spatialdata.transformations import Scale

    grid = np.arange(1, 64).reshape(7, 9)
    labels = {
        "cells": Labels2DModel.parse(np.kron(grid, np.ones((8, 8), int)), dims=("y", "x")),
        "fine": Labels2DModel.parse(
            np.kron(grid[:3, :7] + 200, np.ones((4, 4), int)),
            dims=("y", "x"),
            transformations={"global": Scale([10, 10], axes=("x", "y"))},
        ),
    }
    instances = [*grid.ravel()[::-1], *(grid[:3, :7] + 200).ravel()]
    data = table(["cells"] * 63 + ["fine"] * 21, instances)
    attributes = data.uns.pop("spatialdata_attrs")
    parsed = TableModel.parse(data, **attributes)
    return spatialdata.SpatialData(labels=labels, tables={"table": parsed})


def test_positions_are_the_centroids_of_labels_in_the_system_that_all_are_in(cells):
    positions = table_of(cells).obsm["spatial"]
    rows, columns = np.indices((7, 9))
    assert np.allclose(positions[:63][::-1], np.stack([columns * 8 + 4, rows * 8 + 4], axis=-1).reshape(-1, 2))
    assert np.allclose(positions[63:], np.stack([columns * 40 + 20, rows * 40 + 20], axis=-1)[:3, :7].reshape(-1, 2))
    assert "spatial" not in cells.tables["table"].obsm
    found = tz.embed(cells, training=tz.NestedTraining(steps=2, domains=2, device="cpu"))
    assert len(found.to_anndata().obs["domain"]) == 84


def test_rows_that_describe_nothing_are_named(cells):
    cells.tables["table"].obs.loc["3", "cell"] = 999
    with pytest.raises(tz.TerrazzoError, match="1 row of the table describes nothing that is there, the first 999 of"):
        tz.embed(cells)
    del cells.labels["fine"]
    with pytest.raises(tz.TerrazzoError, match="the table describes 'fine', which is no element"):
        tz.embed(cells)
