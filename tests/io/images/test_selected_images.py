"""Parts of an image along t, c and z: the same values as of the whole, and no other pixel is read."""

import pickle
from itertools import starmap

import h5py
import imageio.v3 as imageio
import numpy as np
import pytest
import tifffile
import zarr

import terrazzo as tz
from terrazzo.comparison.assignment import Source
from terrazzo.errors import InputError
from terrazzo.io.annotations.open_annotation import open_mask
from terrazzo.io.images.decoding import decoding
from terrazzo.io.images.image_levels import levels_of

WHOLE = np.random.default_rng(0).integers(0, 60000, (4, 2, 5, 40, 50)).astype(np.uint16)


def as_zarr(path):
    axes = [{"name": axis} for axis in "tczyx"]
    root = zarr.create_group(path)
    datasets = []
    for level, step in enumerate((1, 2)):
        root.create_array(str(level), data=WHOLE[..., ::step, ::step], chunks=(1, 1, 2, 16, 16))
        scale = [1, 1, 2, 0.5 * step, 0.5 * step]
        datasets.append({"path": str(level), "coordinateTransformations": [{"type": "scale", "scale": scale}]})
    root.attrs["ome"] = {"version": "0.5", "multiscales": [{"axes": axes, "datasets": datasets}]}


def as_tiff(path):
    tifffile.imwrite(path, np.swapaxes(WHOLE, 1, 2), imagej=True, metadata={"axes": "TZCYX"})


def as_ome_tiff(path):
    tifffile.imwrite(path, WHOLE, ome=True, tile=(16, 16), metadata={"axes": "TCZYX", "Channel": {"Name": ["a", "b"]}})


def as_hdf5(path):
    with h5py.File(path, "w") as file:
        file.create_dataset("raw", data=WHOLE, chunks=(1, 1, 2, 16, 16))


def as_npy(path):
    np.save(path, WHOLE)


FORMATS = {"a.zarr": as_zarr, "a.tif": as_tiff, "a.ome.tif": as_ome_tiff, "a.h5": as_hdf5, "a.npy": as_npy}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("series")
    for name, write in FORMATS.items():
        write(folder / name)
    (folder / "sections").mkdir()
    for time in range(4):
        imageio.imwrite(folder / f"sections/t{time}.png", WHOLE[time, 0, 0])
    return folder


def opened(folder, name, select):
    axes = "tczyx" if name in ("a.h5", "a.npy") else None
    return tz.open_image(folder / name, axes=axes, select=select)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize(
    ("select", "expected"),
    [
        ({"t": 3}, WHOLE[3]),
        ({"t": -1, "z": 2}, WHOLE[3, :, 2]),
        ({"t": 1, "c": 1, "z": slice(1, 4)}, WHOLE[1, 1:2, 1:4]),
        ({"t": 0, "c": slice(1, None), "z": slice(4, None)}, WHOLE[0, 1:2, 4]),
    ],
)
def test_a_part_has_the_values_of_the_whole_in_every_format(folder, name, select, expected):
    image = opened(folder, name, select)
    assert image.shape == expected.shape
    assert image.axes == ("zyx" if expected.ndim == 4 else "yx")
    assert np.array_equal(image.data.compute(), expected)
    assert np.array_equal(image.data.rechunk(13).compute(), expected)
    assert np.array_equal(pickle.loads(pickle.dumps(image.stored))[..., 5:31, 7:43:2], expected[..., 5:31, 7:43:2])


def test_a_stack_of_files_is_selected_from_and_its_other_files_are_not_opened(folder):
    for time in (0, 2, 3):
        (folder / f"sections/t{time}.png").rename(folder / f"sections/t{time}.kept")
        imageio.imwrite(folder / f"sections/t{time}.png", np.zeros((40, 50), np.uint16))
    image = tz.open_image(folder / "sections/*.png", axes="tyx", select={"t": 1})
    for time in (0, 2, 3):
        (folder / f"sections/t{time}.png").write_bytes(b"")
    assert np.array_equal(image.stored[0], WHOLE[1, 0, 0])
    for time in (0, 2, 3):
        (folder / f"sections/t{time}.kept").rename(folder / f"sections/t{time}.png")


def test_channels_keep_their_names_and_levels_their_parts(folder):
    assert tz.open_image(folder / "a.ome.tif", select={"t": 0, "c": 1}).channels == ("b",)
    image = tz.open_image(folder / "a.zarr", select={"t": 0, "z": slice(1, 3)}, pixel_size=1.0)
    assert image.level == 1
    assert np.array_equal(image.data.compute(), WHOLE[0, :, 1:3, ::2, ::2])
    assert [level.extent for level in levels_of(image)] == [(2, 40, 50), (2, 20, 25)]
    assert [level.pixel_size for level in levels_of(image)] == [(2, 0.5, 0.5), (2, 1, 1)]
    assert "at t=0,z=1:3" in repr(image)
    assert "t=0,z=1:3" in image._repr_html_()


def test_more_than_one_time_asks_for_a_selection_and_a_place_that_is_none_names_the_axes(folder):
    with pytest.raises(InputError, match=r"4 long along its t axis .* with select=\{'t': 0\} or --select t=0"):
        tz.open_image(folder / "a.zarr")
    with pytest.raises(InputError, match=r"has no t=4; its axes are t \(4 long\), c \(2 long\), z \(5 long\)"):
        tz.open_image(folder / "a.zarr", select={"t": 4})


def test_parts_of_a_file_have_keys_of_their_own_and_a_source_finds_them_again(folder):
    first, second = (opened(folder, "a.zarr", {"t": time}) for time in (0, 1))
    assert first.data.name != second.data.name
    assert first.data.name == opened(folder, "a.zarr", {"t": slice(0, 1)}).data.name
    assert Source.of(second).image() == second


def test_what_decoding_holds_is_of_the_whole_file_whatever_is_selected(folder):
    imageio.imwrite(folder / "rgb.png", np.zeros((40, 50, 3), np.uint8))
    assert decoding(tz.open_image(folder / "rgb.png", select={"c": 1}).stored).held == 40 * 50 * 3
    stack = tz.open_image(folder / "sections/*.png", axes="tyx", select={"t": 1})
    assert decoding(stack.stored).chunk == 40 * 50 * 2


def test_labels_follow_the_image_where_they_have_as_many_times_and_sections(tmp_path, folder):
    truth = (WHOLE[:, 0] % 3).astype(np.uint8)
    np.save(tmp_path / "all.npy", truth)
    np.save(tmp_path / "one.npy", truth[2, 1])
    np.save(tmp_path / "sections.npy", truth[2])
    image = tz.open_image(folder / "a.zarr", select={"t": 2, "z": 1})
    same = {"all.npy": "tzyx", "one.npy": "yx", "sections.npy": "zyx"}
    for found in starmap(lambda name, axes: tz.open_annotation(tmp_path / name, image, axes=axes), same.items()):
        assert np.array_equal(found.plane.compute(), truth[2, 1])
    mask = open_mask(tmp_path / "all.npy", image, axes="tzyx")
    assert np.array_equal(mask.plane.compute(), truth[2, 1])
    other = tz.open_annotation(tmp_path / "all.npy", image, axes="tzyx", select={"t": 0, "z": 3})
    assert np.array_equal(other.plane.compute(), truth[0, 3])
    assert np.array_equal(tz.open_labels(tmp_path / "all.npy", axes="tzyx", select={"t": 3}).plane.compute(), truth[3])
    np.save(tmp_path / "two.npy", truth[:2, 1])
    with pytest.raises(InputError, match="2 long along its t axis"):
        tz.open_annotation(tmp_path / "two.npy", image, axes="tyx")
