"""Mistakes that every format shares, and label images."""

import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import imageio.v3 as iio
import numpy as np
import PIL.Image
import pytest
import tifffile
import zarr
from numpy.typing import NDArray

from terrazzo.blockwise.arrays.superpixels import superpixels
from terrazzo.errors import InputError, ParameterError
from terrazzo.io.images.ome_zarr_writer import write_ome_zarr
from terrazzo.io.images.open_image import open_image, open_labels
from terrazzo.io.readers import raster_reader


def test_a_path_with_nothing_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"There is no file or store at '.*nowhere\.tif'"):
        open_image(tmp_path / "nowhere.tif")


def test_a_folder_that_is_no_store_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is a folder and no Zarr store"):
        open_image(tmp_path)


def test_an_unknown_suffix_is_an_input_error_that_lists_the_known(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("hello")
    (tmp_path / "a.zarr.zip").write_bytes(b"PK")
    with pytest.raises(InputError, match=r"a\.zarr\.zip' is an archive; unpack it and give the image or the store"):
        open_image(tmp_path / "a.zarr.zip")
    with pytest.raises(InputError, match=r"is of no known format.*\.tif"):
        open_image(tmp_path / "notes.txt")


@pytest.mark.parametrize("name", ["a.tif", "a.png", "a.jpg", "a.npy", "a.h5"])
def test_a_file_that_is_not_what_its_name_says_is_an_input_error(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"this is no image at all, whatever its name says")
    said = r"cannot be read as (TIFF|PNG or JPEG|NPY|HDF5): .*; see that it is whole and what its name says$"
    with pytest.raises(InputError, match=said) as caught:
        open_image(tmp_path / name)
    assert caught.value.__cause__ is not None
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["a.tif", "a.png", "a.jpg", "a.npy", "a.h5", "a.svs"])
def test_an_empty_file_is_an_input_error(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    with pytest.raises(InputError, match=f"{name}' is empty, a file of 0 bytes; copy it again"):
        open_image(tmp_path / name)


def test_what_may_not_be_read_is_an_input_error_that_says_so(as_nobody: Path) -> None:
    folder, file = as_nobody / "closed", as_nobody / "a.npy"
    for path in (file, folder / "a.npy"):
        with pytest.raises(InputError, match=rf"'{path}' cannot be .*: Permission denied; ask its owner"):
            open_image(path)


@pytest.fixture
def as_nobody() -> Iterator[Path]:
    """A folder with a file and a folder that this user may not read; root becomes nobody for as long."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "closed").mkdir()
        for path in (folder / "a.npy", folder / "closed" / "a.npy"):
            np.save(path, np.zeros((20, 30)))
        folder.chmod(0o755)
        for path in (folder / "a.npy", folder / "closed"):
            path.chmod(0)
        user = os.geteuid()
        if user == 0:
            os.seteuid(65534)
        try:
            yield folder
        finally:
            os.seteuid(user)
            (folder / "closed").chmod(0o700)


@pytest.mark.parametrize("suffix", ["npy", "tif", "png"])
def test_only_level_zero_of_a_single_image_can_be_opened(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    pixels = np.zeros((20, 20), np.uint8)
    np.save(path, pixels) if suffix == "npy" else iio.imwrite(path, pixels)
    assert open_image(path, level=0).level == 0
    for level in (1, -1):
        with pytest.raises(InputError, match=f"has no level {level}: it holds only level 0"):
            open_image(path, level=level)


@pytest.mark.parametrize("dtype", [np.bool_, np.int8, np.uint16, np.int64, np.float16, np.float32, np.float64])
def test_boolean_integer_and_floating_values_are_read_as_they_are(tmp_path: Path, dtype: type) -> None:
    pixels = (np.arange(600).reshape(20, 30) % 2).astype(dtype)
    np.save(tmp_path / "a.npy", pixels)
    image = open_image(tmp_path / "a.npy")
    assert image.dtype == pixels.dtype
    np.testing.assert_array_equal(image.data.compute(), pixels[None])


def test_values_of_foreign_byte_order_are_read_in_the_native_one(tmp_path: Path) -> None:
    pixels = np.arange(600, dtype=">u2").reshape(20, 30)
    np.save(tmp_path / "a.npy", pixels)
    image = open_image(tmp_path / "a.npy")
    assert image.dtype.isnative
    assert image.data.compute().dtype.isnative
    np.testing.assert_array_equal(image.data.compute()[0], pixels)


@pytest.mark.parametrize(
    "pixels",
    [np.zeros((9, 9), np.complex64), np.zeros((9, 9), "U3"), np.zeros((9, 9), [("a", "u1"), ("b", "u1")])],
    ids=["complex", "text", "structured"],
)
def test_values_that_are_no_intensities_are_an_input_error(tmp_path: Path, pixels: NDArray[Any]) -> None:
    np.save(tmp_path / "a.npy", pixels)
    with pytest.raises(InputError, match="images are boolean, integer or floating"):
        open_image(tmp_path / "a.npy")


def test_an_array_of_objects_is_refused_without_unpickling_it(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.array([[_Bomb()]], dtype=object), allow_pickle=True)
    with pytest.raises(InputError, match="cannot be read as NPY"):
        open_image(tmp_path / "a.npy")


class _Bomb:
    def __reduce__(self) -> tuple[Any, ...]:
        return (pytest.fail, ("the file was unpickled",))


def test_a_truncated_npy_is_an_input_error(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.zeros((100, 100)))
    whole = (tmp_path / "a.npy").read_bytes()
    (tmp_path / "a.npy").write_bytes(whole[:-500])
    with pytest.raises(InputError, match=r"is cut short: its header says \(100, 100\) values of float64, 80000 bytes"):
        open_image(tmp_path / "a.npy")


def test_an_empty_npy_array_is_an_input_error(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.zeros((0, 20)))
    with pytest.raises(InputError, match="is empty"):
        open_image(tmp_path / "a.npy")


def test_explicit_axes_put_the_channels_first(tmp_path: Path) -> None:
    pixels = np.arange(20 * 30 * 5).reshape(20, 30, 5)
    np.save(tmp_path / "a.npy", pixels)
    np.testing.assert_array_equal(open_image(tmp_path / "a.npy", axes="yxc").data.compute(), pixels.transpose(2, 0, 1))
    np.testing.assert_array_equal(open_image(tmp_path / "a.npy", axes="xyc").data.compute(), pixels.transpose(2, 1, 0))


def test_opening_reads_no_pixels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    iio.imwrite(tmp_path / "a.png", np.zeros((20, 30), np.uint8))

    def refuse(*_: Any) -> None:
        raise AssertionError("the pixels were read")

    monkeypatch.setattr(raster_reader, "open_array", refuse)
    image = open_image(tmp_path / "a.png")
    assert image.data.mean().shape == ()


def test_labels_have_a_plane_of_integers(tmp_path: Path) -> None:
    pixels = np.arange(600, dtype=np.uint16).reshape(20, 30)
    tifffile.imwrite(tmp_path / "a.tif", pixels)
    labels = open_labels(tmp_path / "a.tif")
    assert labels.plane.shape == (20, 30)
    assert labels.plane.dtype == np.uint16
    np.testing.assert_array_equal(labels.plane.compute(), pixels)


def test_boolean_labels_are_read_as_zero_and_one(tmp_path: Path) -> None:
    mask = np.arange(600).reshape(20, 30) % 3 == 0
    zarr.create_array(tmp_path / "a.zarr", data=mask, chunks=(10, 10))
    labels = open_labels(tmp_path / "a.zarr")
    assert labels.dtype == labels.plane.compute().dtype == np.uint8
    np.testing.assert_array_equal(labels.plane.compute(), mask)


def test_a_palette_png_gives_colours_as_an_image_and_its_indices_as_labels(tmp_path: Path) -> None:
    classes = np.arange(600, dtype=np.uint8).reshape(20, 30) % 3
    picture = PIL.Image.fromarray(classes)
    picture.putpalette([10, 20, 30, 40, 50, 60, 70, 80, 90])
    picture.save(tmp_path / "a.png")
    labels, image = open_labels(tmp_path / "a.png"), open_image(tmp_path / "a.png")
    np.testing.assert_array_equal(labels.plane.compute(), classes)
    assert image.channels == ("red", "green", "blue")
    np.testing.assert_array_equal(image.data.compute()[:, 0, :3], [[10, 40, 70], [20, 50, 80], [30, 60, 90]])


def test_labels_with_several_channels_are_an_input_error(tmp_path: Path) -> None:
    iio.imwrite(tmp_path / "a.png", np.zeros((20, 30, 3), np.uint8))
    with pytest.raises(InputError, match="has 3 channels; labels have one"):
        open_labels(tmp_path / "a.png")


def test_labels_that_are_not_integers_are_an_input_error(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.zeros((20, 30), np.float32))
    with pytest.raises(InputError, match="holds float32 values; labels are integers"):
        open_labels(tmp_path / "a.npy")


@pytest.mark.parametrize("shape", [(60,), (), (1, 1, 1, 1, 20, 30)])
def test_a_wrong_number_of_dimensions_is_an_input_error(tmp_path: Path, shape: tuple[int, ...]) -> None:
    np.save(tmp_path / "a.npy", np.zeros(shape))
    with pytest.raises(InputError, match=rf"has {len(shape)} ax[ie]s, of shape .*; an image has y and x"):
        open_image(tmp_path / "a.npy")


@pytest.mark.parametrize("axes", ["yx", "czyx", "tzyx"])
def test_axes_that_do_not_fit_are_an_input_error_with_both(tmp_path: Path, axes: str) -> None:
    np.save(tmp_path / "a.npy", np.zeros((5, 20, 30)))
    with pytest.raises(InputError, match=rf"has 3 axes, of shape \(5, 20, 30\); axes='{axes}' names {len(axes)}"):
        open_image(tmp_path / "a.npy", axes=axes)


@pytest.mark.parametrize("dtype", ["complex128", "U3", "str"])
def test_zarr_values_that_are_no_intensities_are_an_input_error(tmp_path: Path, dtype: str) -> None:
    zarr.create_array(tmp_path / "a.zarr", shape=(9, 9), chunks=(9, 9), dtype=dtype, zarr_format=2)
    with pytest.raises(InputError, match=r"holds values of type .*; images are boolean, integer or floating: save it"):
        open_image(tmp_path / "a.zarr")


def test_an_image_smaller_than_one_superpixel_is_one_superpixel(tmp_path: Path) -> None:
    iio.imwrite(tmp_path / "a.png", np.arange(35, dtype=np.uint8).reshape(5, 7))
    image = open_image(tmp_path / "a.png")
    np.testing.assert_array_equal(superpixels(image, size=16).compute(), np.ones((5, 7)))


def test_names_of_channels_can_be_given(tmp_path: Path) -> None:
    iio.imwrite(tmp_path / "a.png", np.zeros((20, 30, 3), np.uint8))
    assert open_image(tmp_path / "a.png", channels=["a", "b", "c"]).channels == ("a", "b", "c")
    for names in (["a", "b"], "abc"):
        with pytest.raises(ParameterError, match="the image has 3: give one name for each"):
            open_image(tmp_path / "a.png", channels=names)


def test_a_calibration_takes_the_place_of_what_the_file_says(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.zeros((4, 20, 30)))
    image = open_image(tmp_path / "a.npy", axes="zyx", calibration=(2, 0.5, 0.25))
    assert (image.pixel_size, image.pixel_unit) == ((2.0, 0.5, 0.25), "micrometer")
    assert open_image(tmp_path / "a.npy", axes="zyx", calibration=0.5).pixel_size == (0.5, 0.5, 0.5)
    write_ome_zarr(tmp_path / "a.zarr", np.zeros((20, 30)), axes="yx", pixel_size=(7, 7), pixel_unit="nanometer")
    assert open_image(tmp_path / "a.zarr", calibration=0.5).pixel_size == (0.5, 0.5)


@pytest.mark.parametrize("calibration", [0, -1.0, np.nan, np.inf, (1, 2, 3), ()])
def test_a_calibration_that_is_no_size_is_refused(tmp_path: Path, calibration: Any) -> None:
    np.save(tmp_path / "a.npy", np.zeros((20, 30)))
    with pytest.raises(ParameterError, match=r"calibration is .*; give one positive number, or one for each of the 2"):
        open_image(tmp_path / "a.npy", calibration=calibration)
