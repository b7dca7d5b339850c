"""Volumes on disk, whatever their format: windows are what numpy gives, and only what they need is read."""

import pickle
from collections.abc import Callable
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from terrazzo.errors import InputError
from terrazzo.io.images.image import Image
from terrazzo.io.images.open_image import open_image, open_labels
from terrazzo.io.ngff import multiscale

SHAPE = (2, 7, 43, 37)
SECTIONS = {"photometric": "minisblack", "compression": "zlib"}


def pixels() -> NDArray[np.uint16]:
    return np.random.default_rng(3).integers(0, 60_000, SHAPE, dtype=np.uint16)


def as_zarr_2(folder: Path) -> Image:
    attributes = {"_ARRAY_DIMENSIONS": ["c", "z", "y", "x"]}
    zarr.create_array(folder / "a.zarr", data=pixels(), chunks=(1, 3, 16, 20), zarr_format=2, attributes=attributes)
    return open_image(folder / "a.zarr")


def as_zarr_3(folder: Path) -> Image:
    found = pixels().transpose(1, 2, 3, 0)
    zarr.create_array(
        folder / "a.zarr", data=found, chunks=(3, 16, 20, 1), shards=(6, 32, 40, 2), dimension_names="zyxc"
    )
    return open_image(folder / "a.zarr")


def as_ome_zarr(folder: Path) -> Image:
    ome = {"version": "0.5", "multiscales": [multiscale("a", "czyx", (3, 0.5, 0.25), "micrometer", {"0": (1, 1, 1)})]}
    ome["multiscales"][0]["axes"].insert(0, {"name": "t", "type": "time"})
    ome["multiscales"][0]["datasets"][0]["coordinateTransformations"][0]["scale"].insert(0, 1.0)
    group = zarr.create_group(folder / "a.zarr", attributes={"ome": ome})
    group.create_array("0", data=pixels()[None], chunks=(1, 1, 4, 20, 20))
    return open_image(folder / "a.zarr")


def as_imagej_hyperstack(folder: Path) -> Image:
    metadata = {"axes": "ZCYX", "spacing": 3, "unit": "um"}
    found = pixels().transpose(1, 0, 2, 3)
    tifffile.imwrite(folder / "a.tif", found, imagej=True, resolution=(4, 2), metadata=metadata)
    return open_image(folder / "a.tif")


def as_tiled_ome_tiff(folder: Path) -> Image:
    tifffile.imwrite(folder / "a.ome.tif", pixels(), tile=(16, 16), metadata=ome_metadata(), **SECTIONS)
    return open_image(folder / "a.ome.tif")


def as_ome_tiff_in_strips(folder: Path) -> Image:
    tifffile.imwrite(folder / "a.ome.tif", pixels(), rowsperstrip=5, metadata=ome_metadata(), **SECTIONS)
    return open_image(folder / "a.ome.tif")


def as_ome_tiff_in_whole_sections(folder: Path) -> Image:
    tifffile.imwrite(folder / "a.ome.tif", pixels(), rowsperstrip=43, metadata=ome_metadata(), **SECTIONS)
    return open_image(folder / "a.ome.tif")


def as_npy(folder: Path) -> Image:
    np.save(folder / "a.npy", pixels().transpose(1, 2, 3, 0))
    return open_image(folder / "a.npy", axes="zyxc")


def ome_metadata() -> dict[str, Any]:
    sizes = {"PhysicalSizeZ": 3, "PhysicalSizeY": 0.5, "PhysicalSizeX": 0.25}
    return {"axes": "CZYX", "Channel": {"Name": ["DAPI", "GFP"]}} | sizes


FORMATS: list[Callable[[Path], Image]] = [
    as_zarr_2,
    as_zarr_3,
    as_ome_zarr,
    as_imagej_hyperstack,
    as_tiled_ome_tiff,
    as_ome_tiff_in_strips,
    as_ome_tiff_in_whole_sections,
    as_npy,
]
WITH_A_PIXEL_SIZE = [as_ome_zarr, as_imagej_hyperstack, as_tiled_ome_tiff]


@pytest.fixture(scope="module", params=FORMATS, ids=lambda write: write.__name__.removeprefix("as_"))
def volume(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Image:
    return request.param(tmp_path_factory.mktemp("volumes"))


def part_of(length: int) -> st.SearchStrategy[Any]:
    return st.one_of(st.slices(length), st.integers(-length, length - 1))


def test_a_volume_tells_its_axes_and_lengths(volume: Image) -> None:
    assert (volume.axes, volume.shape, volume.extent) == ("zyx", SHAPE, SHAPE[1:])
    assert (volume.stored.ndim, volume.data.shape, volume.data.chunksize) == (4, SHAPE, volume.stored.chunks)


def test_a_volume_read_whole_is_what_was_written(volume: Image) -> None:
    np.testing.assert_array_equal(volume.stored[...], pixels())
    np.testing.assert_array_equal(volume.data.compute(), pixels())
    np.testing.assert_array_equal(volume.data[1, 2:6:3, ::-2, 5].compute(), pixels()[1, 2:6:3, ::-2, 5])


@settings(max_examples=30, deadline=None)
@given(selection=st.tuples(*map(part_of, SHAPE)))
def test_a_window_of_a_volume_is_what_numpy_slicing_gives(volume: Image, selection: tuple[Any, ...]) -> None:
    found, expected = volume.stored[selection], pixels()[selection]
    assert (found.shape, found.dtype) == (expected.shape, expected.dtype)
    np.testing.assert_array_equal(found, expected)


def test_axes_of_a_volume_that_are_not_mentioned_are_whole(volume: Image) -> None:
    np.testing.assert_array_equal(volume.stored[1], pixels()[1])
    np.testing.assert_array_equal(volume.stored[:, 3], pixels()[:, 3])
    np.testing.assert_array_equal(volume.stored[..., 5], pixels()[..., 5])
    np.testing.assert_array_equal(volume.stored[0, ..., 3:9], pixels()[0, ..., 3:9])
    with pytest.raises(IndexError, match="the image has 4 axes"):
        volume.stored[0, 0, 0, 0, 0]


def test_a_pickled_volume_is_small_and_read_by_a_spawned_process(tmp_path: Path) -> None:
    volumes = []
    for write in FORMATS:
        (tmp_path / write.__name__).mkdir()
        volumes.append(write(tmp_path / write.__name__))
    assert max(len(pickle.dumps(volume)) for volume in volumes) < 1500
    with get_context("spawn").Pool(1) as pool:
        sums = pool.map(_sum_of_a_window, volumes)
    assert sums == [int(pixels()[:, 2:6, 5:40, 6:30].sum())] * len(volumes)


def _sum_of_a_window(volume: Image) -> int:
    return int(volume.stored[:, 2:6, 5:40, 6:30].sum())


@pytest.mark.parametrize("write", WITH_A_PIXEL_SIZE)
def test_a_volume_has_the_size_of_a_pixel_along_z_y_and_x(tmp_path: Path, write: Callable[[Path], Image]) -> None:
    image = write(tmp_path)
    assert (image.pixel_size, image.pixel_unit) == ((3.0, 0.5, 0.25), "micrometer")


def test_a_volume_whose_size_along_z_is_not_known_has_none(tmp_path: Path) -> None:
    metadata = {"axes": "ZYX", "PhysicalSizeY": 0.5, "PhysicalSizeX": 0.25}
    tifffile.imwrite(tmp_path / "a.ome.tif", pixels()[0], photometric="minisblack", metadata=metadata)
    image = open_image(tmp_path / "a.ome.tif")
    assert (image.pixel_size, image.pixel_unit) == (None, None)


def test_the_only_section_of_a_stack_is_an_image(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.ome.tif", pixels()[:, :1], metadata=ome_metadata(), photometric="minisblack")
    image = open_image(tmp_path / "a.ome.tif")
    assert (image.shape, image.axes, image.pixel_size) == ((2, 43, 37), "yx", (0.5, 0.25))
    np.testing.assert_array_equal(image.data.compute(), pixels()[:, 0])


def test_a_stack_in_time_is_an_input_error(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.ome.tif", pixels(), photometric="minisblack", metadata={"axes": "TZYX"})
    with pytest.raises(InputError, match="is 2 long along its t axis"):
        open_image(tmp_path / "a.ome.tif")


@pytest.mark.parametrize("options", [{}, {"compression": "zlib", "rowsperstrip": 43}], ids=["plain", "compressed"])
def test_pages_without_metadata_are_sections_when_the_caller_says_so(tmp_path: Path, options: dict[str, Any]) -> None:
    many = np.concatenate([pixels()[0]] * 3)
    tifffile.imwrite(tmp_path / "a.tif", many, photometric="minisblack", metadata=None, **options)
    with pytest.raises(InputError, match="pass axes=, such as axes='zyx' for a volume"):
        open_image(tmp_path / "a.tif")
    image = open_image(tmp_path / "a.tif", axes="zyx")
    assert image.shape == (1, 21, 43, 37)
    np.testing.assert_array_equal(image.stored[0, 9:15, 3:20, 5:9], many[9:15, 3:20, 5:9])


def test_a_window_of_sections_does_not_read_the_others(tmp_path: Path) -> None:
    volume = as_ome_tiff_in_whole_sections(tmp_path)
    with tifffile.TiffFile(volume.path) as tiff:
        offset = tiff.pages[5].dataoffsets[0]
    damaged = bytearray(Path(volume.path).read_bytes())
    damaged[offset : offset + 40] = bytes(40)
    Path(volume.path).write_bytes(damaged)
    stored = open_image(volume.path).stored
    np.testing.assert_array_equal(stored[0, :5], pixels()[0, :5])
    np.testing.assert_array_equal(stored[1], pixels()[1])
    with pytest.raises(InputError, match="cannot be read at c 0:1, z 5:6, y 0:4, x 0:4"):
        stored[0, 5, :4, :4]


def test_a_window_of_a_zarr_volume_reads_only_its_chunks(tmp_path: Path) -> None:
    stored = as_zarr_2(tmp_path).stored
    chunk = tmp_path / "a.zarr" / "0.1.0.0"
    chunk.write_bytes(chunk.read_bytes()[:10])
    np.testing.assert_array_equal(stored[0, :3], pixels()[0, :3])
    with pytest.raises(InputError, match="cannot be read at c 0:1, z 3:4, y 0:4, x 0:4"):
        stored[0, 3, :4, :4]


@pytest.mark.parametrize("write", [as_imagej_hyperstack, as_tiled_ome_tiff, as_ome_tiff_in_whole_sections])
def test_a_stack_whose_last_section_is_missing_is_an_input_error_at_once(
    tmp_path: Path, write: Callable[[Path], Image]
) -> None:
    path = Path(write(tmp_path).path)
    with tifffile.TiffFile(path) as tiff:
        series = tiff.series[0]
        end = series.dataoffset + series.nbytes if series.dataoffset else tiff.pages[-1].dataoffsets[-1] + 9
    path.write_bytes(path.read_bytes()[: end - 1])
    with pytest.raises(InputError, match="is cut short"):
        open_image(path)


def test_a_section_split_off_an_imagej_stack_opens_though_it_names_the_count_of_its_stack(tmp_path: Path) -> None:
    description = "ImageJ=1.11a\nimages=7\nslices=7\nhyperstack=false"
    tifffile.imwrite(tmp_path / "a.tif", pixels()[0, 0], description=description, metadata=None)
    np.testing.assert_array_equal(open_image(tmp_path / "a.tif").data[0].compute(), pixels()[0, 0])


def test_labels_of_a_volume_have_a_plane_along_z_y_and_x(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", pixels()[0])
    labels = open_labels(tmp_path / "a.npy", axes="zyx")
    assert labels.plane.shape == SHAPE[1:]
    np.testing.assert_array_equal(labels.plane[2:5].compute(), pixels()[0, 2:5])


def test_a_volume_of_labels_that_was_taken_for_channels_says_what_to_pass(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", pixels()[0])
    with pytest.raises(InputError, match=r"has 7 channels; labels have one: .* or pass axes='zyx' if it is a volume"):
        open_labels(tmp_path / "a.npy")
