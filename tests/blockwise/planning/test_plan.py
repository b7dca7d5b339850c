import itertools
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import dask.array as da
import numpy as np
import pyarrow.parquet as pq
import pytest
import zarr
from notebook_tables import shown
from untrained import untrained_model

import terrazzo as tz
from terrazzo.errors import InputError, ModelError, ParameterError
from terrazzo.memory import readable_bytes

GIB = 2**30


def unread(shape, dtype="uint8"):
    """Return a lazy image of this shape whose pixels do not exist."""

    def refuse(_):
        raise AssertionError("a pixel was read")

    return da.zeros(shape, dtype=dtype, chunks=4096).map_blocks(refuse, dtype=dtype, meta=np.empty(0, dtype))


def test_the_plan_is_what_the_run_does(model, stored, tmp_path, nothing_computes):  # noqa: ARG001
    planned = tz.plan(stored, model, block=48, workers=1)
    told = []
    import dask

    with dask.config.set(scheduler="synchronous"), tz.on_progress(told.append):
        result = tz.write_prediction(model, stored, tmp_path / "r.zarr", block=48)
    assert planned.extent == stored.extent
    in_all = {step.name: step.total for step in told}
    assert planned.blocks == len(result.grid) == in_all["superpixels"] == in_all["classes"]
    assert planned.tasks == sum(in_all.values())
    assert planned.block == result.grid[(0, 0)].core.shape
    figures = result.run["figures"]
    assert figures["superpixels"] <= planned.superpixels
    assert figures["edges"] <= planned.edges
    assert planned.fits
    assert planned.seconds is None


def test_the_disk_is_what_the_outputs_take(model, stored, tmp_path):
    planned = tz.plan(stored, model, block=48, probabilities=True).disk
    result = tz.write_prediction(model, stored, tmp_path / "result.zarr", block=48, probabilities=True)
    for key in result.images:
        levels = zarr.open_group(result.path, mode="r")[key].arrays()
        assert planned[Path(key).name] == sum(array.nbytes for _, array in levels)
    assert "probabilities" not in tz.plan(stored, model, block=48).disk
    for name in ("nodes", "edges"):
        taken = pq.read_table(Path(result.path) / name).nbytes  # a bit per value says that it is there
        assert 0.5 * planned[name] < taken <= 1.05 * planned[name]


def test_a_terapixel_is_planned_from_integers():
    planned = tz.plan(unread((1_000_000, 1_000_000)), workers=2, memory_limit="3GiB")
    assert planned.blocks == 489**2
    assert planned.fits
    assert 1.2 < planned.read_per_kept < 1.4
    assert 1 < planned.computed_per_kept < planned.read_per_kept
    assert planned.memory_per_worker < planned.memory_in_all < 5 * GIB


def test_memory_does_not_grow_with_the_image():
    first, second = (tz.plan(unread((side, side)), block=1024, workers=1) for side in (8192, 200_000))
    assert first.memory_per_worker == second.memory_per_worker


@pytest.mark.parametrize(("shape", "size"), [((50_000, 50_000), 16), ((1, 2048, 2048, 2048), 8)])
def test_the_block_that_is_recommended_fits_and_more_memory_allows_a_larger_one(shape, size):
    image, sides = unread(shape), []
    parameters = tz.SuperpixelParameters((size,) * len(tz.Lattice.of(image, size).shape))
    for limit in ("1500MiB", "4GiB", "24GiB"):
        side = tz.plan(image, parameters, workers=2, memory_limit=limit).recommended_block
        planned = tz.plan(image, parameters, workers=2, memory_limit=limit, block=side)
        assert planned.fits
        sides.append(side)
    assert sides[0] < sides[1] < sides[2]
    generous = tz.plan(image, parameters, workers=2, memory_limit="24GiB", block=sides[2])
    assert generous.read_per_kept < tz.plan(image, parameters, block=sides[1]).read_per_kept


def test_where_no_block_fits_none_is_recommended():
    planned = tz.plan(unread((5000, 5000)), memory_limit="100MiB")
    assert planned.recommended_block is None
    assert not planned.fits


def test_threads_of_one_worker_share_its_memory():
    image = unread((20_000, 20_000))
    alone, four = (tz.plan(image, threads=threads, workers=1).memory_per_worker for threads in (1, 4))
    assert alone < four < 4 * alone


def test_an_image_that_is_decoded_whole_counts_in_each_worker(tmp_path):
    pixels = np.zeros((3000, 2000), np.uint8)
    tz.write_ome_zarr(tmp_path / "in_parts.ome.zarr", pixels, axes="yx")
    import imageio.v3 as imageio

    imageio.imwrite(tmp_path / "whole.png", pixels)
    names = ("in_parts.ome.zarr", "whole.png")
    parts, whole = (tz.plan(tz.open_image(tmp_path / name), workers=1).memory_per_worker for name in names)
    assert whole == parts + pixels.nbytes


def test_a_calibrated_plan_says_how_long_and_leaves_nothing_behind(stored, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    model = untrained_model()
    assert tz.plan(stored, model, block=48, calibrate=True).seconds > 0
    assert tz.plan(stored, tz.SuperpixelParameters((6, 6)), calibrate=True).seconds > 0
    # a clock that ticks when it is looked at: whatever else the machine does, the same work takes the same time
    monkeypatch.setattr(time, "perf_counter", itertools.count(0, 1e-3).__next__)
    one, two = (tz.plan(stored, model, block=48, workers=n, calibrate=True).seconds for n in (1, 2))
    assert 0 < two < one
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"workers": 0}, "workers is 0; it must be at least 1"),
        ({"threads": 0}, "threads is 0; it must be at least 1"),
        ({"memory_limit": "much"}, "memory_limit is 'much'; give a positive number of bytes, such as 2GiB"),
        ({"memory_limit": 0}, "memory_limit is 0; give a positive number of bytes"),
        ({"block": 0}, "block is 0; it must be a positive number of pixels"),
    ],
)
def test_a_number_out_of_range_is_named(options, sentence):
    with pytest.raises(ParameterError, match=sentence):
        tz.plan(unread((500, 500)), **options)


def test_an_array_cannot_be_calibrated_and_a_model_must_fit(model):
    with pytest.raises(InputError, match="only a stored image can be calibrated"):
        tz.plan(unread((500, 500)), calibrate=True)
    with pytest.raises(ModelError, match="the image has 3 channels and the model was fitted on 1"):
        tz.plan(unread((3, 500, 500)), model)


def test_it_says_in_a_few_lines_what_a_run_takes():
    planned = tz.plan(unread((4096, 4096)), block=1024, workers=2, memory_limit="4GiB")
    assert repr(planned).splitlines() == [
        "<terrazzo.Plan>",
        "  extent: (y: 4096, x: 4096)",
        "  blocks: 16 of 1024 x 1024 pixels, 33 tasks",
        "  workers: 2 with 1 thread each",
        f"  memory: {readable_bytes(planned.memory_per_worker)} per worker of 3.2 GiB usable: it fits",
        "  halo: 1.35 pixels read for each that is kept",
        "  at most: 262,144 superpixels, 786,432 edges",
        f"  disk: {readable_bytes(sum(planned.disk.values()))} before compression",
    ]
    assert shown(planned).rows["Blocks"] == "16 of 1024 x 1024 pixels, 33 tasks"
    timed = replace(planned, fits=False, seconds=754.0)
    assert shown(timed).rows["Time"] == "13 min"
    assert f"it does not fit; block={planned.recommended_block} does" in repr(timed)
