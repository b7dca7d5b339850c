import math
import os
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import h5py
import imageio.v3 as iio
import numpy as np
import pytest
import tifffile
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from terrazzo.errors import InputError
from terrazzo.io.images.open_image import open_image
from terrazzo.io.images.stored_array import MOST_BYTES, SIDE, VOLUME_SIDE, StoredArray, reading_chunks

SHAPE = (3, 53, 47)
CHANNELS = {"axes": "CYX"}


def pixels() -> NDArray[np.uint8]:
    return np.random.default_rng(7).integers(0, 255, SHAPE, dtype=np.uint8)


def write_zarr(folder: Path) -> Path:
    stored = zarr.create_array(folder / "a.zarr", shape=SHAPE, chunks=(1, 16, 20), dtype="u1", zarr_format=3)
    stored[:] = pixels()
    return folder / "a.zarr"


def write_tiled_tiff(folder: Path) -> Path:
    tifffile.imwrite(folder / "tiled.tif", pixels().transpose(1, 2, 0), tile=(16, 16), compression="zlib")
    return folder / "tiled.tif"


def write_planar_tiff(folder: Path) -> Path:
    tifffile.imwrite(folder / "planar.tif", pixels(), photometric="rgb", tile=(16, 16), compression="zlib")
    return folder / "planar.tif"


def write_striped_tiff(folder: Path) -> Path:
    tifffile.imwrite(folder / "strips.tif", pixels().transpose(1, 2, 0), rowsperstrip=5, compression="zlib")
    return folder / "strips.tif"


def write_mapped_tiff(folder: Path) -> Path:
    tifffile.imwrite(folder / "plain.tif", pixels(), photometric="minisblack", byteorder=">", metadata=CHANNELS)
    return folder / "plain.tif"


def write_single_strip_tiff(folder: Path) -> Path:
    options = {"photometric": "minisblack", "compression": "zlib", "metadata": CHANNELS}
    tifffile.imwrite(folder / "strip.tif", pixels(), rowsperstrip=53, **options)
    return folder / "strip.tif"


def write_png(folder: Path) -> Path:
    iio.imwrite(folder / "a.png", pixels().transpose(1, 2, 0))
    return folder / "a.png"


def write_npy(folder: Path) -> Path:
    np.save(folder / "a.npy", np.asfortranarray(pixels()))
    return folder / "a.npy"


def write_hdf5(folder: Path) -> Path:
    with h5py.File(folder / "a.h5", "w") as file:
        file.create_dataset("group/pixels", data=pixels(), chunks=(1, 16, 20), compression="gzip")
    return folder / "a.h5" / "group" / "pixels"


def write_rgba_tiff(folder: Path) -> Path:
    colours = np.dstack([*pixels(), pixels()[0]])
    tifffile.imwrite(folder / "rgba.tif", colours, photometric="rgb", tile=(16, 16), extrasamples=["unassalpha"])
    return folder / "rgba.tif"


WRITERS = [
    write_zarr,
    write_tiled_tiff,
    write_planar_tiff,
    write_striped_tiff,
    write_mapped_tiff,
    write_single_strip_tiff,
    write_png,
    write_npy,
    write_hdf5,
    write_rgba_tiff,
]


@pytest.fixture(scope="module", params=WRITERS, ids=lambda writer: writer.__name__.removeprefix("write_"))
def stored(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> StoredArray:
    return open_image(request.param(tmp_path_factory.mktemp("images"))).stored


def part_of(length: int) -> st.SearchStrategy[Any]:
    return st.one_of(st.slices(length), st.integers(-length, length - 1))


def test_an_image_read_whole_is_what_was_written(stored: StoredArray) -> None:
    assert (stored.shape, stored.dtype, stored.ndim) == (SHAPE, np.dtype(np.uint8), 3)
    np.testing.assert_array_equal(stored[:, :, :], pixels())
    np.testing.assert_array_equal(stored[...], pixels())


@settings(max_examples=40, deadline=None)
@given(selection=st.tuples(*map(part_of, SHAPE)))
def test_a_window_is_what_numpy_slicing_gives(stored: StoredArray, selection: tuple[Any, ...]) -> None:
    found, expected = stored[selection], pixels()[selection]
    assert found.shape == expected.shape
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(found, expected)


def test_axes_that_are_not_mentioned_are_whole(stored: StoredArray) -> None:
    np.testing.assert_array_equal(stored[1], pixels()[1])
    np.testing.assert_array_equal(stored[..., 5], pixels()[..., 5])
    np.testing.assert_array_equal(stored[0, ..., 3:9], pixels()[0, ..., 3:9])


def test_a_fourth_axis_and_an_index_outside_are_index_errors(stored: StoredArray) -> None:
    with pytest.raises(IndexError, match="the image has 3 axes"):
        stored[0, 0, 0, 0]
    with pytest.raises(IndexError):
        stored[3]


def test_writing_into_a_window_does_not_reach_the_file_or_later_reads(stored: StoredArray) -> None:
    window = stored[:, :4, :4]
    window[:] = 0
    np.testing.assert_array_equal(stored[:, :4, :4], pixels()[:, :4, :4])


def test_threads_reading_at_once_get_the_right_windows(stored: StoredArray) -> None:
    expected = pixels()
    windows = [(slice(None), slice(y, y + 9), slice(x, x + 8)) for y in range(0, 53, 7) for x in range(0, 47, 6)]
    with ThreadPoolExecutor(8) as threads:
        for window, found in zip(windows, threads.map(stored.__getitem__, windows), strict=True):
            np.testing.assert_array_equal(found, expected[window])


def test_a_pickled_handle_is_small_and_reads_the_same(stored: StoredArray) -> None:
    stored[0, 0, 0]  # opens the file, which must not travel
    sent = pickle.dumps(stored)
    assert len(sent) < 1000
    received = pickle.loads(sent)
    assert received == stored
    np.testing.assert_array_equal(received[1, 3:9, 4:8], pixels()[1, 3:9, 4:8])


def test_a_spawned_process_reads_every_format(tmp_path: Path) -> None:
    handles = [open_image(write(tmp_path)).stored for write in WRITERS]
    with get_context("spawn").Pool(1) as pool:
        sums = pool.map(_sum_of_a_window, handles)
    assert sums == [int(pixels()[:, 5:40, 6:41].sum())] * len(handles)


def _sum_of_a_window(stored: StoredArray) -> int:
    return int(stored[:, 5:40, 6:41].sum())


def test_a_replaced_file_is_read_anew(tmp_path: Path) -> None:
    path = write_png(tmp_path)
    assert open_image(path).stored[0, 0, 0] == pixels()[0, 0, 0]
    iio.imwrite(path, 255 - pixels().transpose(1, 2, 0))
    os.utime(path, ns=(1, 1))
    assert open_image(path).stored[0, 0, 0] == 255 - pixels()[0, 0, 0]


def test_a_file_that_changed_shape_since_it_was_opened_is_an_input_error(tmp_path: Path) -> None:
    stored = open_image(write_npy(tmp_path)).stored
    np.save(tmp_path / "a.npy", pixels()[:, :20])
    with pytest.raises(InputError, match="changed on disk after it was opened"):
        stored[:, 15:30]


def test_a_file_that_is_gone_when_it_is_read_is_an_input_error(tmp_path: Path) -> None:
    stored = open_image(write_png(tmp_path)).stored
    Path(stored.path).unlink()
    with pytest.raises(InputError, match=r"a\.png' cannot be read at c 0:1, y 0:2, x 0:3"):
        stored[0, :2, :3]


def test_a_damaged_chunk_is_an_input_error_that_names_the_window(tmp_path: Path) -> None:
    path = write_zarr(tmp_path)
    chunk = path / "c" / "0" / "0" / "0"
    chunk.write_bytes(chunk.read_bytes()[:10])
    with pytest.raises(InputError, match="cannot be read at c 0:1, y 0:4, x 0:4"):
        open_image(path).stored[0, :4, :4]


def test_files_opened_and_dropped_are_closed(tmp_path: Path) -> None:
    script = (
        "import sys, os, pathlib\n"
        "from terrazzo.io.images.open_image import open_image\n"
        "before = len(os.listdir('/proc/self/fd'))\n"
        "for path in sorted(pathlib.Path(sys.argv[1]).glob('*.tif')):\n"
        "    open_image(path).stored[0, :4, :4]\n"
        "print(len(os.listdir('/proc/self/fd')) - before)\n"
    )
    if not Path("/proc/self/fd").exists():
        pytest.skip("open files are counted in /proc, which is not here")
    for index in range(30):
        (tmp_path / f"{index}.tif").write_bytes(write_tiled_tiff(tmp_path).read_bytes())
    counted = subprocess.run(
        [sys.executable, "-W", "error::ResourceWarning", "-c", script, str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(counted.stdout) < 20
    assert "ResourceWarning" not in counted.stderr


def test_small_stored_chunks_are_grouped_to_about_two_thousand_pixels() -> None:
    assert reading_chunks((1, 10_000, 10_000), (1, 256, 300), 1) == (1, 2048, 1800)


def test_large_stored_chunks_are_kept_whole() -> None:
    assert reading_chunks((1, 10_000, 10_000), (1, 4096, 4096), 1) == (1, 4096, 4096)


def test_a_small_image_is_one_chunk() -> None:
    assert reading_chunks((3, 520, 696), (1, 188, 696), 2) == (3, 520, 696)


def test_wide_strips_make_flat_chunks() -> None:
    assert reading_chunks((1, 50_000, 100_000), (1, 8, 100_000), 1) == (1, 40, 100_000)


def test_many_channels_make_small_chunks() -> None:
    channels, height, width = reading_chunks((60, 20_000, 20_000), None, 4)
    assert channels == 60
    assert height == width == 1024
    assert channels * height * width * 4 <= MOST_BYTES


def test_a_volume_is_cut_into_about_as_many_sections_as_rows_and_columns() -> None:
    assert reading_chunks((1, 2000, 3000, 3000), (1, 64, 128, 100), 1) == (1, 256, 256, 200)
    assert reading_chunks((1, 20, 1024, 1024), None, 1) == (1, 20, 256, 256)


def test_whole_sections_make_flat_chunks_of_a_volume() -> None:
    assert reading_chunks((1, 2000, 1024, 1024), (1, 1, 1024, 1024), 1) == (1, 16, 1024, 1024)
    assert reading_chunks((1, 2000, 1024, 1024), (1, 1, 8, 1024), 1) == (1, 256, 64, 1024)


def test_many_channels_make_small_chunks_of_a_volume() -> None:
    channels, *side = reading_chunks((20, 2000, 2000, 2000), None, 4)
    assert side == [128, 128, 128]
    assert channels * 128**3 * 4 <= MOST_BYTES


lengths = st.integers(1, 9000)


@given(lengths, lengths, lengths, lengths, st.sampled_from([1, 2, 4, 8]))
def test_chunks_hold_whole_stored_chunks_and_never_pass_the_image(
    height: int, width: int, unit_y: int, unit_x: int, itemsize: int
) -> None:
    unit_y, unit_x = min(unit_y, height), min(unit_x, width)
    channels, chunk_y, chunk_x = reading_chunks((3, height, width), (1, unit_y, unit_x), itemsize)
    assert channels == 3
    assert chunk_y == height or chunk_y % unit_y == 0
    assert chunk_x == width or chunk_x % unit_x == 0
    assert 1 <= chunk_y <= height
    assert 1 <= chunk_x <= width
    # More area than aimed at only where one stored chunk demands it.
    assert chunk_y * chunk_x <= SIDE * SIDE or chunk_y == unit_y or chunk_x == unit_x


sections = st.integers(1, 900)


@given(st.tuples(*[sections] * 3), st.tuples(*[sections] * 3), st.sampled_from([1, 2, 4, 8]))
def test_chunks_of_a_volume_hold_whole_stored_chunks(
    extent: tuple[int, ...], units: tuple[int, ...], itemsize: int
) -> None:
    units = tuple(map(min, units, extent))
    channels, *chunk = reading_chunks((2, *extent), (1, *units), itemsize)
    assert channels == 2
    for length, unit, whole in zip(chunk, units, extent, strict=True):
        assert length == whole or length % unit == 0
        assert 1 <= length <= whole
    assert math.prod(chunk) <= VOLUME_SIDE**3 or any(map(int.__eq__, chunk, units))
