"""An image of any format as OME-Zarr: its pixels, its levels, and how it goes on after it was stopped."""

import imageio.v3 as imageio
import numpy as np
import pytest
import zarr
from distributed import Client, LocalCluster
from hypothesis import given, settings
from hypothesis import strategies as st

import terrazzo as tz
from terrazzo.blockwise.runs import write_image as module
from terrazzo.errors import InputError, ParameterError
from terrazzo.io.levels.coarse import coarse
from terrazzo.progress import on_progress

RNG = np.random.default_rng(5)
PIXELS = RNG.integers(0, 255, (3, 190, 230), np.uint8)


@pytest.fixture
def source(tmp_path):
    imageio.imwrite(tmp_path / "a.png", np.moveaxis(PIXELS, 0, -1))
    return tz.open_image(tmp_path / "a.png", calibration=0.5)


def levels_at(path):
    group = zarr.open_group(path, mode="r")
    return [group[dataset["path"]] for dataset in group.attrs["ome"]["multiscales"][0]["datasets"]]


def means(pixels, steps):
    """The mean of each block of pixels, one by one."""
    sizes = [-(-n // s) for n, s in zip(pixels.shape, steps, strict=True)]
    found = np.empty(sizes)
    for index in np.ndindex(*sizes):
        found[index] = pixels[tuple(slice(i * s, (i + 1) * s) for i, s in zip(index, steps, strict=True))].mean()
    return found


@settings(max_examples=40, deadline=None)
@given(st.tuples(st.integers(1, 9), st.integers(1, 9)), st.tuples(st.integers(1, 4), st.integers(1, 4)))
def test_a_coarse_pixel_is_the_mean_of_those_that_it_covers(shape, steps):
    whole = RNG.integers(0, 2**16, shape).astype(np.uint16)
    assert np.array_equal(coarse(whole, steps, "mean"), np.rint(means(whole, steps)))
    parts = RNG.random(shape).astype(np.float32)
    np.testing.assert_allclose(coarse(parts, steps, "mean"), means(parts, steps), rtol=1e-6)


def test_a_png_becomes_a_pyramid_in_shards_with_what_its_file_says(source, tmp_path):
    written = tz.write_image(source, tmp_path / "a.ome.zarr", chunks=(16, 16))
    assert np.array_equal(written.data.compute(), PIXELS)
    assert (written.channels, written.pixel_size, written.pixel_unit) == (source.channels, (0.5, 0.5), "micrometer")
    assert not list(tmp_path.glob(".*"))
    assert not {"done", "made_from.json"} & {one.name for one in (tmp_path / "a.ome.zarr").iterdir()}
    arrays = levels_at(tmp_path / "a.ome.zarr")
    assert [array.shape for array in arrays[1:]] == [(3, 95, 115), (3, 48, 58), (3, 24, 29), (3, 12, 15)]
    assert [array.shards for array in arrays] == [(1, n, n) for n in (64, 32, 16, 32, 16)]
    second = arrays[2][:]
    assert np.array_equal(second, np.rint([means(plane, (4, 4)) for plane in PIXELS]))
    assert np.array_equal(arrays[4][:], np.rint([means(plane, (4, 4)) for plane in second]))
    assert tz.open_image(tmp_path / "a.ome.zarr", pixel_size=2).level == 2


def test_coarse_pixels_lie_where_the_metadata_say(source, tmp_path):
    tz.write_image(source, tmp_path / "a.ome.zarr", chunks=(64, 64))
    pytest.importorskip("ome_zarr_models").open_ome_zarr(zarr.open_group(tmp_path / "a.ome.zarr", mode="r"))
    (entry,) = zarr.open_group(tmp_path / "a.ome.zarr", mode="r").attrs["ome"]["multiscales"]
    places = [one["coordinateTransformations"] for one in entry["datasets"]]
    assert places[0] == [{"type": "scale", "scale": [1.0, 0.5, 0.5]}]
    assert places[1][1] == {"type": "translation", "translation": [0.0, 0.25, 0.25]}
    assert places[2][1] == {"type": "translation", "translation": [0.0, 0.75, 0.75]}


def test_labels_and_volumes_keep_their_values_and_one_level_is_one(tmp_path):
    labels = RNG.integers(0, 2**40, (9, 40, 33), np.uint64)
    tz.write_ome_zarr(tmp_path / "a.zarr", labels, axes="zyx", chunks=(4, 8, 8))
    volume = tz.open_image(tmp_path / "a.zarr")
    tz.write_image(volume, tmp_path / "b.zarr", chunks=(8, 8, 8))
    for array, steps in zip(levels_at(tmp_path / "b.zarr"), ((1, 1, 1), (2, 2, 2), (2, 4, 4), (2, 8, 8)), strict=True):
        assert np.array_equal(array[:], labels[tuple(slice(None, None, step) for step in steps)])
    tz.write_image(volume, tmp_path / "c.zarr", chunks=(8, 8, 8), levels=None)
    assert len(levels_at(tmp_path / "c.zarr")) == 1


@pytest.mark.parametrize("levels", ["mean", "nearest"])
def test_an_array_in_memory_gets_the_same_levels(source, tmp_path, levels):
    tz.write_image(source, tmp_path / "a.zarr", chunks=(16, 16), levels=levels)
    tz.write_ome_zarr(tmp_path / "b.zarr", PIXELS, chunks=(16, 16), levels=levels, pixel_size=(0.5, 0.5))
    ours, theirs = levels_at(tmp_path / "a.zarr"), levels_at(tmp_path / "b.zarr")
    assert len(theirs) == 5
    assert all(np.array_equal(a[:], b[:]) for a, b in zip(ours, theirs, strict=True))


class StoppedError(Exception):
    pass


def test_a_run_that_was_stopped_goes_on_and_one_of_another_image_begins_anew(source, tmp_path, monkeypatch):
    def stop(step):
        if (step.name, step.done) == ("image", 3):
            raise StoppedError

    target, copied = tmp_path / "a.ome.zarr", []
    with pytest.raises(StoppedError), on_progress(stop):
        tz.write_image(source, target, chunks=(16, 16))
    assert not target.exists()
    before = {path.name for path in (tmp_path / ".a.ome.zarr.partial" / "done").iterdir()}
    assert len(before) >= 3
    copy = module._copy
    monkeypatch.setattr(module, "_copy", lambda block, *rest: (copied.append(f"0-{block.name}"), copy(block, *rest)))
    tz.write_image(source, target, chunks=(16, 16))
    assert not before & set(copied)
    assert len(before) + len(copied) == 12
    with pytest.raises(StoppedError), on_progress(stop):
        tz.write_image(source, target, chunks=(16, 16), overwrite=True)
    copied.clear()
    tz.write_image(source, target, chunks=(16, 16), levels=None, overwrite=True)
    assert len(copied) == 12
    assert np.array_equal(tz.open_image(target).data.compute(), PIXELS)


def test_of_two_that_begin_at_once_one_writes_the_image_and_the_other_says_so(source, tmp_path, monkeypatch):
    target, begin = tmp_path / "a.ome.zarr", module._begin

    def overtaken(*args):
        monkeypatch.setattr(module, "_begin", begin)
        tz.write_image(source, target, chunks=(16, 16))
        begin(*args)

    monkeypatch.setattr(module, "_begin", overtaken)
    with pytest.raises(InputError, match=r"another run has begun '.*a.ome.zarr' meanwhile"):
        tz.write_image(source, target, chunks=(16, 16))
    assert np.array_equal(tz.open_image(target).data.compute(), PIXELS)
    assert [path.name for path in tmp_path.glob("*a.ome*")] == ["a.ome.zarr"]


def test_where_another_run_begins_another_image_the_first_ends_and_puts_nothing_in_place(source, tmp_path):
    imageio.imwrite(tmp_path / "b.png", np.moveaxis(255 - PIXELS, 0, -1))
    target, other, seen = tmp_path / "a.ome.zarr", tz.open_image(tmp_path / "b.png"), []

    def begin_another(step):
        if (step.name, step.done) == ("image", 3):
            seen.append(step)
            if len(seen) > 1:
                raise StoppedError
            with pytest.raises(StoppedError):
                tz.write_image(other, target, chunks=(16, 16))

    with pytest.raises(InputError, match=r"a\.ome\.zarr"), on_progress(begin_another):
        tz.write_image(source, target, chunks=(16, 16))
    assert not target.exists()


def test_a_cluster_writes_the_same(source, tmp_path):
    with LocalCluster(n_workers=1, processes=False, dashboard_address=None) as cluster, Client(cluster) as client:
        written = tz.write_image(source, tmp_path / "a.ome.zarr", chunks=(16, 16), client=client)
    assert np.array_equal(written.data.compute(), PIXELS)


def test_mistakes_are_told_and_nothing_is_written(source, tmp_path):
    (tmp_path / "folder").mkdir()
    for path, words in (
        ("a.png", "ends in .png, for PNG, and an OME-Zarr image is a directory"),
        ("folder", "exists; choose another path"),
        ("a.png/b.zarr", "inside its own input"),
    ):
        with pytest.raises(InputError, match=words):
            tz.write_image(source, tmp_path / path)
    with pytest.raises(InputError, match="is no image in Zarr, so it is not overwritten"):
        tz.write_image(source, tmp_path / "folder", overwrite=True)
    for words, options in (("levels is 'max'; it must be", {"levels": "max"}), ("give for each", {"chunks": (9,)})):
        with pytest.raises(ParameterError, match=words):
            tz.write_image(source, tmp_path / "b.zarr", **options)
    with pytest.raises(ParameterError, match="levels is 'max'; it must be"):
        tz.write_ome_zarr(tmp_path / "b.zarr", PIXELS, levels="max")
    assert {path.name for path in tmp_path.iterdir()} == {"a.png", "folder"}
