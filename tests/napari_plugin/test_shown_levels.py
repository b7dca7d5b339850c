import numpy as np
import pytest

import terrazzo as tz
from terrazzo.errors import InputError
from terrazzo.napari import shown_levels as levels
from terrazzo.napari.layers import boundaries, boundaries_of, image_layers
from terrazzo.napari.shown_levels import contrast, shown_levels
from terrazzo.progress import on_progress


def saved(path, shape, dtype=np.uint8):
    pixels = np.random.default_rng(0).integers(0, 200, shape).astype(dtype)
    np.save(path, pixels)
    return pixels


def test_levels_of_a_file_are_shown_as_they_are(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 200, (3, 600, 500)).astype(np.uint8)
    tz.write_ome_zarr(
        tmp_path / "a.ome.zarr", pixels, axes="cyx", channel_names=["Red", "Green", "Blue"], levels="mean"
    )
    image = tz.open_image(tmp_path / "a.ome.zarr")
    ((data, how, kind),) = image_layers(image)
    assert (how["name"], how["rgb"], how["multiscale"], kind) == ("a", True, True, "image")
    assert [one.shape for one in data] == [(600, 500, 3), (300, 250, 3)]
    np.testing.assert_array_equal(np.asarray(data[0]), np.moveaxis(pixels, 0, -1))
    coarse = tz.open_image(tmp_path / "a.ome.zarr", level=1)
    np.testing.assert_array_equal(np.asarray(data[1]), np.moveaxis(coarse.data.compute(), 0, -1))


def test_a_large_image_without_levels_gets_coarse_ones_and_tells_how_far_it_is(tmp_path, monkeypatch):
    monkeypatch.setattr(levels, "SHOWN_WHOLE", 1000)
    monkeypatch.setattr(levels, "HELD", 64 * 64 * 2)
    monkeypatch.setattr(levels, "READ_SIDE", 64)
    monkeypatch.setattr(levels, "SMALLEST", 16)
    pixels = saved(tmp_path / "a.npy", (250, 203))
    told = []
    with on_progress(told.append):
        shown = shown_levels(tz.open_image(tmp_path / "a.npy"))
    assert [one.shape for one in shown] == [
        (1, 250, 203), (1, 125, 102), (1, 63, 51), (1, 32, 26), (1, 16, 13),
    ]  # fmt: skip
    np.testing.assert_array_equal(np.asarray(shown[1][0]), pixels[::2, ::2])
    means = pixels[:248:2, :200:2].reshape(62, 2, 50, 2).mean(axis=(1, 3))
    np.testing.assert_array_equal(shown[2][0][:62, :50], np.rint(means))
    assert (told[0].done, told[-1].done) == (0, told[-1].total)
    ((low, high),) = contrast(shown)
    assert pixels.min() <= low < high <= pixels.max()


def test_an_image_that_would_take_minutes_to_see_is_refused_with_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setattr(levels, "SHOWN_WHOLE", 10)
    monkeypatch.setattr(levels, "HELD", 100)
    saved(tmp_path / "a.npy", (250, 203))
    with pytest.raises(InputError, match="terrazzo convert"):
        shown_levels(tz.open_image(tmp_path / "a.npy"))


def test_channels_are_layers_of_their_own_with_ranges_of_their_own(tmp_path):
    pixels = saved(tmp_path / "a.npy", (2, 40, 50), np.float32)
    pixels[1] *= 100
    pixels[1, 3, 3] = np.nan
    np.save(tmp_path / "a.npy", pixels)
    first, second = image_layers(tz.open_image(tmp_path / "a.npy", axes="cyx"), "scan")
    assert [one[1]["name"] for one in (first, second)] == ["scan: 0", "scan: 1"]
    assert first[1]["colormap"] != second[1]["colormap"]
    assert first[1]["contrast_limits"][1] < 200 < second[1]["contrast_limits"][1]


def test_boundaries_are_the_same_however_the_array_is_cut():
    import dask.array as da

    ids = np.random.default_rng(0).integers(0, 3, (40, 50))
    whole = boundaries(ids)
    assert whole[-1, -1] == 0
    assert whole[3, 4] == (ids[3, 4] != ids[4, 4] or ids[3, 4] != ids[3, 5])
    for chunks in ((40, 50), (7, 13), (1, 50)):
        np.testing.assert_array_equal(boundaries_of(da.from_array(ids, chunks=chunks)).compute(), whole)
