from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from terrazzo.io.readers.tiff_metadata import ome_channels, physical_pixel_size

PIXELS = np.zeros((2, 20, 30), np.uint8)


def read(path: Path) -> tuple[Any, Any]:
    with tifffile.TiffFile(path) as tiff:
        return physical_pixel_size(tiff), ome_channels(tiff)


def test_a_plain_tiff_says_nothing(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", PIXELS, photometric="minisblack")
    assert read(tmp_path / "a.tif") == ((None, None), None)


def test_resolution_in_centimetres_is_a_pixel_size_and_in_inches_is_not(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", PIXELS[0], resolution=(40_000, 20_000), resolutionunit="CENTIMETER")
    tifffile.imwrite(tmp_path / "b.tif", PIXELS[0], resolution=(300, 300), resolutionunit="INCH")
    size, unit = read(tmp_path / "a.tif")[0]
    assert size == pytest.approx({"y": 1 / 20_000, "x": 1 / 40_000})
    assert unit == "centimeter"
    assert read(tmp_path / "b.tif")[0] == (None, None)


@pytest.mark.parametrize("unit", ["micron", "um", "\\u00B5m"])
def test_imagej_resolution_is_in_its_own_unit(tmp_path: Path, unit: str) -> None:
    tifffile.imwrite(tmp_path / "a.tif", PIXELS, imagej=True, resolution=(4, 2), metadata={"unit": unit})
    assert read(tmp_path / "a.tif")[0] == ({"y": 0.5, "x": 0.25}, "micrometer")


def test_imagej_spacing_is_the_size_along_z(tmp_path: Path) -> None:
    metadata = {"axes": "ZYX", "unit": "um", "spacing": 3.5}
    tifffile.imwrite(tmp_path / "a.tif", PIXELS, imagej=True, resolution=(4, 2), metadata=metadata)
    assert read(tmp_path / "a.tif")[0] == ({"z": 3.5, "y": 0.5, "x": 0.25}, "micrometer")


@pytest.mark.parametrize(("unit", "size"), [("nm", {"z": 50.0}), ("µm", {"z": 50_000.0}), ("pixel", {})])
def test_ome_size_along_z_is_brought_to_the_unit_of_the_others(
    tmp_path: Path, unit: str, size: dict[str, float]
) -> None:
    sizes = {"PhysicalSizeX": 4, "PhysicalSizeY": 5, "PhysicalSizeZ": 50}
    units = {"PhysicalSizeXUnit": "nm", "PhysicalSizeYUnit": "nm", "PhysicalSizeZUnit": unit}
    metadata = {"axes": "ZYX"} | sizes | units
    tifffile.imwrite(tmp_path / "a.ome.tif", PIXELS, photometric="minisblack", metadata=metadata)
    assert read(tmp_path / "a.ome.tif")[0] == ({"y": 5.0, "x": 4.0} | size, "nanometer")


def test_imagej_resolution_in_pixels_or_inches_is_no_pixel_size(tmp_path: Path) -> None:
    for unit in ("pixel", "inch"):
        tifffile.imwrite(tmp_path / "a.tif", PIXELS, imagej=True, resolution=(4, 2), metadata={"unit": unit})
        assert read(tmp_path / "a.tif")[0] == (None, None)


def test_aperio_microns_per_pixel_are_the_pixel_size(tmp_path: Path) -> None:
    tifffile.imwrite(
        tmp_path / "a.svs",
        np.zeros((64, 64, 3), np.uint8),
        photometric="rgb",
        tile=(32, 32),
        metadata=None,
        description="Aperio Image Library v11.2.1\r\n64x64 (32x32)|AppMag = 20|MPP = 0.499",
    )
    assert read(tmp_path / "a.svs")[0] == ({"y": 0.499, "x": 0.499}, "micrometer")


def test_ome_sizes_in_nanometres_keep_their_unit(tmp_path: Path) -> None:
    metadata = {
        "axes": "CYX",
        "PhysicalSizeX": 4,
        "PhysicalSizeXUnit": "nm",
        "PhysicalSizeY": 5,
        "PhysicalSizeYUnit": "nm",
    }
    tifffile.imwrite(tmp_path / "a.ome.tif", PIXELS, photometric="minisblack", metadata=metadata)
    assert read(tmp_path / "a.ome.tif") == (({"y": 5.0, "x": 4.0}, "nanometer"), None)


def test_ome_without_sizes_says_nothing(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.ome.tif", PIXELS, photometric="minisblack", metadata={"axes": "CYX"})
    assert read(tmp_path / "a.ome.tif") == ((None, None), None)
