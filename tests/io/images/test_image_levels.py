from pathlib import Path

import numpy as np
import pytest
import tifffile
import zarr

from terrazzo.errors import InputError, ParameterError
from terrazzo.io.images.image_levels import Level, levels_of, nearest_level
from terrazzo.io.images.open_image import open_image

PIXELS = np.arange(200 * 150, dtype=np.uint16).reshape(200, 150)


def write_pyramid(path: Path, size: float | None = 0.25, unit: str = "micrometer", count: int = 3) -> Path:
    """Write an OME-Zarr whose levels halve, with or without the size of a pixel."""
    axes = [{"name": name, "type": "space", "unit": unit} for name in "yx"]
    scales = [[{"type": "scale", "scale": [size * 2**level] * 2}] if size else [] for level in range(count)]
    datasets = [{"path": str(level), "coordinateTransformations": scale} for level, scale in enumerate(scales)]
    ome = {"version": "0.5", "multiscales": [{"axes": axes, "datasets": datasets}]}
    group = zarr.create_group(path, attributes={"ome": ome})
    for level in range(count):
        group.create_array(str(level), data=PIXELS[:: 2**level, :: 2**level], chunks=(32, 16))
    return path


def test_the_levels_of_an_image_are_told_with_the_size_of_their_pixels(tmp_path: Path) -> None:
    levels = levels_of(open_image(write_pyramid(tmp_path / "a.zarr")))
    assert [level.extent for level in levels] == [(200, 150), (100, 75), (50, 38)]
    assert [level.number for level in levels] == [0, 1, 2]
    np.testing.assert_allclose(
        [level.pixel_size or () for level in levels], [[0.25] * 2, [0.5] * 2, [1] * 2], rtol=0.02
    )
    assert {level.stored_chunks for level in levels} == {(32, 16)}


def test_levels_are_the_same_from_whichever_level_they_are_asked(tmp_path: Path) -> None:
    path = write_pyramid(tmp_path / "a.zarr")
    for level in range(3):
        sizes = [one.pixel_size or () for one in levels_of(open_image(path, level=level))]
        np.testing.assert_allclose(sizes, [[0.25] * 2, [0.5] * 2, [1] * 2], rtol=0.03)


def test_a_level_that_is_missing_is_left_out(tmp_path: Path) -> None:
    path = write_pyramid(tmp_path / "a.zarr")
    (path / "1" / "zarr.json").unlink()
    assert [level.number for level in levels_of(open_image(path))] == [0, 2]
    assert open_image(path, pixel_size=0.5).level in (0, 2)


@pytest.mark.parametrize(
    ("pixel_size", "level"), [(0.01, 0), (0.25, 0), (0.34, 0), (0.37, 1), (0.5, 1), (0.9, 2), (50, 2), ((0.4, 0.6), 1)]
)
def test_the_level_with_the_nearest_pixels_is_opened(tmp_path: Path, pixel_size: float, level: int) -> None:
    image = open_image(write_pyramid(tmp_path / "a.zarr"), pixel_size=pixel_size)
    assert image.level == level
    np.testing.assert_array_equal(image.data[0].compute(), PIXELS[:: 2**level, :: 2**level])


def test_a_pixel_size_is_asked_for_in_micrometres_whatever_the_unit_of_the_file(tmp_path: Path) -> None:
    image = open_image(write_pyramid(tmp_path / "a.zarr", size=250, unit="nanometer"), pixel_size=0.5)
    assert (image.level, image.pixel_size, image.pixel_unit) == (1, (500.0, 500.0), "nanometer")


def test_a_calibration_chooses_the_level_of_a_file_that_says_no_size(tmp_path: Path) -> None:
    path = write_pyramid(tmp_path / "a.zarr", size=None)
    with pytest.raises(InputError, match=r"does not say how large its pixels are.*calibration, or a level"):
        open_image(path, pixel_size=0.5)
    image = open_image(path, pixel_size=0.5, calibration=0.25)
    assert (image.level, image.pixel_size, image.pixel_unit) == (1, (0.5, 0.5), "micrometer")


def test_level_and_pixel_size_together_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match=r"level=1 and pixel_size=0\.5 both choose a level; give one of them"):
        open_image(write_pyramid(tmp_path / "a.zarr"), level=1, pixel_size=0.5)


def test_a_pyramid_in_a_tiff_is_told_as_well(tmp_path: Path) -> None:
    with tifffile.TiffWriter(tmp_path / "a.tif") as tiff:
        size = {"resolution": (40_000, 40_000), "resolutionunit": "CENTIMETER"}
        tiff.write(PIXELS, subifds=1, tile=(32, 16), compression="zlib", **size)
        tiff.write(PIXELS[::2, ::2], subfiletype=1, tile=(32, 16), compression="zlib")
    image = open_image(tmp_path / "a.tif", pixel_size=0.5)
    assert (image.level, image.levels, image.extent) == (1, 2, (100, 75))
    assert [level.stored_chunks for level in levels_of(image)] == [(32, 16)] * 2


def test_a_level_of_unknown_size_is_never_the_nearest() -> None:
    unknown, known = Level(0, (9, 9), None, None), Level(1, (4, 4), (8.0, 8.0), None)
    assert nearest_level([unknown, known], (1.0, 1.0)) == known
    assert nearest_level([unknown], (1.0, 1.0)) is None
