"""Results stand in a larger Dask analysis: nothing is computed early, nothing twice."""

from collections import Counter

import dask
import dask.array as da
import numpy as np
import pytest
from segmented import blobs
from untrained import untrained_model

import terrazzo as tz
from terrazzo.models.passes import superpixels as passes

PIXELS, BLOCK = blobs((70, 90)), 24
BLOCKS = 3 * 4
MODEL = untrained_model()
OF_THE_MODEL = MODEL.recipe.superpixels
TRUTH = np.random.default_rng(1).integers(0, 3, (70, 90), np.uint8)
CHUNKS = {"one": (1, 70, 90), "blocks": (1, 24, 24), "other": (1, 37, 90), "thin": (1, 70, 5)}


@pytest.fixture
def segmented(monkeypatch):
    """How often the labels of each block have been computed."""
    runs, compute = Counter(), passes.block_labels

    def counted(image, window, block, *others, **named):
        runs[block.index] += 1
        return compute(image, window, block, *others, **named)

    monkeypatch.setattr(passes, "block_labels", counted)
    return runs


def lazy(image, mask=None):
    """Everything that starts from superpixels."""
    where = {"mask": mask, "block": BLOCK}
    labels = tz.superpixels(image, OF_THE_MODEL, **where)
    recipe, lattice = MODEL.recipe, tz.Lattice.of(image, MODEL.recipe.superpixels.size)
    return {
        "labels": labels,
        "classes": tz.predict(MODEL, image, **where),
        "annotated": tz.annotated_graph(image, TRUTH, recipe=recipe, classes=3, **where),
        "graph": tz.region_graph(image, labels, lattice=lattice, features=recipe.features, block=BLOCK),
    }


@pytest.mark.parametrize("names", ["labels classes", "labels annotated", "labels graph", "classes annotated", "all"])
@pytest.mark.parametrize("chunks", CHUNKS)
def test_what_is_computed_together_computes_superpixels_once(segmented, chunks, names):
    whole = lazy(da.from_array(PIXELS, chunks=CHUNKS[chunks]))
    dask.compute(*(value for name, value in whole.items() if name in names or names == "all"))
    assert len(segmented) == BLOCKS
    assert set(segmented.values()) == {1}


@pytest.mark.parametrize("name", ["classes", "annotated", "graph"])
def test_a_step_that_dask_fuses_with_the_superpixels_does_not_compute_them_again(segmented, name):
    whole = lazy(da.from_array(PIXELS, chunks=(1, 24, 24)))
    dask.compute((whole["labels"] + 1).sum(), whole[name])
    assert set(segmented.values()) == {1}


@pytest.mark.parametrize("mask", [TRUTH > 0, da.from_array(TRUTH > 0, chunks=20), lambda pixels: pixels[0] > 0.3])
def test_under_a_mask_as_well(segmented, mask):
    dask.compute(*lazy(da.from_array(PIXELS, chunks=31), mask).values())
    assert sum(segmented.values()) == BLOCKS


def test_of_a_volume_as_well(segmented, volume, volume_model):
    labels = tz.superpixels(volume, volume_model.recipe.superpixels, block=24)
    together = dask.compute(labels, tz.predict(volume_model, volume, block=24))
    assert set(segmented.values()) == {1}
    assert len(segmented) > 1
    assert np.array_equal(together[0], labels.compute())


def test_together_gives_what_each_gives_alone():
    whole = lazy(da.from_array(PIXELS, chunks=(1, 33, 41)))
    labels, classes, (annotated, targets), graph = dask.compute(*whole.values())
    assert np.array_equal(labels, whole["labels"].compute())
    assert np.array_equal(classes, whole["classes"].compute())
    assert annotated.equals(graph)
    assert graph.equals(whole["graph"].compute())
    assert np.array_equal(targets.counts, whole["annotated"].compute()[1].counts)


def test_one_call_made_twice_gives_the_same_keys():
    image = da.from_array(PIXELS, chunks=50)
    one, other = lazy(image), lazy(image)
    assert [value.key if name in ("annotated", "graph") else value.name for name, value in one.items()] == [
        value.key if name in ("annotated", "graph") else value.name for name, value in other.items()
    ]


def test_an_analysis_around_it_is_built_without_computing_and_runs_once(segmented, nothing_computes):  # noqa: ARG001
    raw = da.from_array(PIXELS, chunks=(1, 40, 33))
    image = (raw - 0.1).clip(0, 1)  # what stood there before
    whole = lazy(image)
    bright = da.where(whole["classes"] == 1, image[0], np.nan)
    assert bright.chunks == whole["labels"].chunks == image.chunks[1:]
    answers = da.nanmean(bright), da.nanstd(bright), (whole["classes"] == 1).sum(), whole["labels"].max()
    assert not segmented
    mean, spread, pixels, last = dask.compute(*answers, scheduler="synchronous")
    assert set(segmented.values()) == {1}
    assert 0 < mean < 1
    assert spread > 0
    assert 0 < pixels < TRUTH.size
    assert last == tz.Lattice.of(PIXELS, (6, 6)).number_of_cells


def test_a_part_of_an_answer_computes_only_the_blocks_that_it_depends_on(segmented):
    wide = da.from_array(np.tile(PIXELS, 6), chunks=(1, 24, 24))
    tz.superpixels(wide, OF_THE_MODEL, block=BLOCK)[:24, :24].compute()
    assert set(segmented) == {(0, 0)}
    segmented.clear()
    tz.predict(MODEL, wide, block=BLOCK)[:24, :24].compute()
    assert max(index[1] for index in segmented) <= 3


def test_results_are_the_data_of_xarrays(segmented, nothing_computes):  # noqa: ARG001
    xarray = pytest.importorskip("xarray")
    image = xarray.DataArray(da.from_array(PIXELS[0], chunks=41), dims=("y", "x"))
    whole = lazy(image.data)
    table = xarray.Dataset({name: (("y", "x"), whole[name]) for name in ("labels", "classes")})
    means = image.where(table.labels % 2 == 1).mean()
    assert not segmented
    found, labels, classes = dask.compute(means, table.labels, table.classes, scheduler="synchronous")
    assert set(segmented.values()) == {1}
    assert float(found) == pytest.approx(PIXELS[0][labels.values % 2 == 1].mean(), rel=1e-4)
    assert labels.shape == classes.shape == PIXELS.shape[1:]


@pytest.mark.parametrize(("name", "most"), [("labels", 12), ("classes", 15), ("annotated", 24)])
def test_tasks_grow_with_the_blocks(nothing_computes, name, most):  # noqa: ARG001
    side, blocks = 48, 24
    image = da.zeros((side * blocks, side * blocks), np.uint8, chunks=side)
    where = {"block": side}
    made = {
        "labels": lambda: tz.superpixels(image, OF_THE_MODEL, **where),
        "classes": lambda: tz.predict(MODEL, image, **where),
        "annotated": lambda: tz.annotated_graph(image, image, recipe=MODEL.recipe, classes=3, **where),
    }[name]()
    assert len(dict(made.__dask_graph__())) - len(dict(image.__dask_graph__())) <= most * blocks**2
