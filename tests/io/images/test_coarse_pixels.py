import fsspec
import h5py
import imageio.v3 as imageio
import numpy as np
import pytest
import tifffile
import zarr
from zarr.storage import FsspecStore

import terrazzo as tz
from terrazzo.html import MOST_READ
from terrazzo.io.images.coarse_pixels import coarse_pixels
from terrazzo.io.images.stored_array import StoredArray

FINE = np.random.default_rng(0).integers(0, 255, (2048, 1024), np.uint8)


def coarse(image):
    return coarse_pixels(image.stored, image.level, image.levels, image.channels)


def write_pyramid(path, chunk=256, levels=3):
    group, datasets = zarr.create_group(path), []
    for level in range(levels):
        group.create_array(str(level), data=FINE[:: 2**level, :: 2**level], chunks=(chunk, chunk))
        scale = [{"type": "scale", "scale": [2.0**level] * 2}]
        datasets.append({"path": str(level), "coordinateTransformations": scale})
    axes = [{"name": axis, "type": "space"} for axis in "yx"]
    group.attrs["ome"] = {"version": "0.5", "multiscales": [{"axes": axes, "datasets": datasets}]}
    return path


@pytest.fixture
def nothing_is_read(monkeypatch):
    """Make every read of pixels an error."""

    def refuse(*_):
        raise AssertionError("a pixel was read")

    monkeypatch.setattr(StoredArray, "_read", refuse)


@pytest.mark.parametrize("level", [0, 1, 2])
def test_it_is_the_coarsest_level_whichever_is_open(tmp_path, level):
    image = tz.open_image(write_pyramid(tmp_path / "a.zarr"), level=level)
    assert np.array_equal(coarse(image), FINE[None, ::4, ::4])


def test_it_is_no_level_that_is_smaller_than_a_thumbnail(tmp_path):
    image = tz.open_image(write_pyramid(tmp_path / "a.zarr", levels=6))
    assert np.array_equal(coarse(image), FINE[None, ::8, ::8])


def test_a_pyramid_in_a_tiff_has_one_as_well(tmp_path):
    with tifffile.TiffWriter(tmp_path / "a.tif") as writer:
        options = {"tile": (128, 128), "compression": "zlib", "photometric": "minisblack"}
        writer.write(FINE, subifds=2, **options)
        for step in (2, 4):
            writer.write(FINE[::step, ::step], subfiletype=1, **options)
    assert np.array_equal(coarse(tz.open_image(tmp_path / "a.tif")), FINE[None, ::4, ::4])


def test_a_small_image_is_its_own_coarsest_level_in_any_format(tmp_path):
    small = FINE[:300, :200]
    np.save(tmp_path / "a.npy", small)
    imageio.imwrite(tmp_path / "a.png", small)
    zarr.save_array(tmp_path / "a.zarr", small)
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["a"] = small
    for name in ("a.npy", "a.png", "a.zarr", "a.h5"):
        assert np.array_equal(coarse(tz.open_image(tmp_path / name)), small[None])


def test_colours_are_read_together_and_of_other_channels_the_first(tmp_path):
    colours = np.moveaxis(FINE[:300, :300].reshape(3, 100, 300), 0, -1)
    imageio.imwrite(tmp_path / "a.png", colours)
    assert coarse(tz.open_image(tmp_path / "a.png")).shape == (3, 100, 300)
    np.save(tmp_path / "a.npy", FINE[:300, :300].reshape(3, 100, 300))
    assert coarse(tz.open_image(tmp_path / "a.npy", axes="cyx")).shape == (1, 100, 300)


def test_of_a_volume_it_is_the_middle_section(tmp_path):
    volume = FINE[:400, :300].reshape(4, 100, 300)
    np.save(tmp_path / "a.npy", volume)
    assert np.array_equal(coarse(tz.open_image(tmp_path / "a.npy", axes="zyx")), volume[None, 2])


def test_a_level_that_is_too_large_is_not_read(tmp_path, nothing_is_read):  # noqa: ARG001
    assert coarse(tz.open_image(write_pyramid(tmp_path / "a.zarr", levels=2))) is None
    side = 1 + int(MOST_READ**0.5)
    np.save(tmp_path / "a.npy", np.zeros((side, side), np.uint8))
    assert coarse(tz.open_image(tmp_path / "a.npy")) is None


def test_what_is_stored_in_large_pieces_is_not_read(tmp_path, nothing_is_read):  # noqa: ARG001
    array = zarr.create_array(tmp_path / "a.zarr", shape=(300, 300), chunks=(4096, 4096), dtype="uint8")
    array[:] = 1
    assert coarse(tz.open_image(tmp_path / "a.zarr")) is None


def test_what_lies_behind_a_url_and_what_has_to_be_drawn_or_put_together_is_not_read(tmp_path, nothing_is_read):  # noqa: ARG001
    fsspec.filesystem("memory").store.clear()
    zarr.create_array(FsspecStore.from_url("memory://small.zarr"), data=FINE[:100, :100])
    assert coarse(tz.open_image("memory://small.zarr")) is None
    for name in ("s1.png", "s2.png"):
        imageio.imwrite(tmp_path / name, FINE[:100, :100])
    assert coarse(tz.open_image(str(tmp_path / "s*.png"), axes="zyx")) is None


def test_a_file_that_is_gone_or_damaged_has_none(tmp_path):
    image = tz.open_image(write_pyramid(tmp_path / "a.zarr"))
    for file in (tmp_path / "a.zarr" / "2").rglob("*"):
        if file.is_file():
            file.write_bytes(b"x")
    assert coarse(image) is None
    (tmp_path / "a.zarr" / "zarr.json").unlink()
    assert coarse(image) is None
