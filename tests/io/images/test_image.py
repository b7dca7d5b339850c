import pickle
from dataclasses import replace
from pathlib import Path

import dask
import numpy as np
import pytest
import tifffile
from notebook_tables import shown

from terrazzo.errors import InputError
from terrazzo.io.images.open_image import open_image


@pytest.fixture
def path(tmp_path: Path) -> Path:
    pixels = np.arange(3 * 300 * 200, dtype=np.uint16).reshape(3, 300, 200)
    options = {"photometric": "minisblack", "compression": "zlib", "metadata": {"axes": "CYX"}}
    tifffile.imwrite(tmp_path / "a.tif", pixels, tile=(64, 64), **options)
    return tmp_path / "a.tif"


def test_an_image_tells_its_shape_type_and_path(path: Path) -> None:
    image = open_image(path)
    assert image.shape == (3, 300, 200)
    assert image.extent == (300, 200)
    assert image.dtype == np.uint16
    assert image.path == str(path)
    assert image.level == 0
    assert image.channels == ("0", "1", "2")


def test_data_is_the_image_as_a_dask_array_on_every_scheduler(path: Path) -> None:
    expected = tifffile.imread(path)
    for scheduler in ("synchronous", "threads"):
        with dask.config.set(scheduler=scheduler):
            np.testing.assert_array_equal(open_image(path).data.compute(), expected)
            np.testing.assert_array_equal(
                open_image(path).data[1, 17:250:3, ::-2].compute(), expected[1, 17:250:3, ::-2]
            )


def test_data_has_the_chunks_and_type_of_the_stored_array(path: Path) -> None:
    image = open_image(path)
    assert image.data.chunksize == image.stored.chunks
    assert image.data.dtype == image.dtype
    assert image.data is image.data


def test_the_same_file_gives_the_same_dask_names_and_another_level_others(tmp_path: Path) -> None:
    with tifffile.TiffWriter(tmp_path / "p.tif") as tiff:
        tiff.write(np.zeros((64, 64), np.uint8), subifds=1, tile=(16, 16))
        tiff.write(np.zeros((32, 32), np.uint8), subfiletype=1, tile=(16, 16))
    first, again, coarse = (open_image(tmp_path / "p.tif", level=level).data.name for level in (0, 0, 1))
    assert first == again != coarse


def test_a_relative_path_is_made_absolute_so_that_workers_elsewhere_find_it(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(path.parent)
    assert open_image(path.name).path == str(path)


def test_an_image_can_be_pickled_before_and_after_its_data_was_used(path: Path) -> None:
    image = open_image(path)
    assert pickle.loads(pickle.dumps(image)) == image
    total = int(image.data.sum().compute())
    assert int(pickle.loads(pickle.dumps(image)).data.sum().compute()) == total


def test_a_plane_needs_one_channel(path: Path) -> None:
    with pytest.raises(InputError, match="has 3 channels"):
        _ = open_image(path).plane


def test_it_says_in_a_line_and_in_a_table_what_it_is(path: Path) -> None:
    image = open_image(path)
    assert repr(image) == f"<terrazzo.Image (c: 3, y: 300, x: 200) uint16, '{path}'>"
    assert shown(image).rows == {
        "Extent": "(y: 300, x: 200)",
        "Channels": "3",
        "Type": "uint16",
        "Size": "352 KiB",
        "Read in": " x ".join(map(str, image.stored.chunks)),
        "Path": str(path),
    }
    named = replace(image, channels=("<DAPI>", "GFP", "b"), pixel_size=(0.5, 0.5), pixel_unit="micrometer", levels=3)
    assert repr(named) == (
        f"<terrazzo.Image (c: 3, y: 300, x: 200) uint16, level 0 of 3, pixels of 0.5 x 0.5 micrometer, '{path}'>"
    )
    assert shown(named).rows["Channels"] == "3 (<DAPI>, GFP, b)"
    assert "<DAPI>" not in named._repr_html_()


def test_its_picture_is_small_and_gone_with_its_file(path: Path) -> None:
    image = open_image(path)
    picture = shown(image).picture
    assert picture is not None
    assert picture.shape == (150, 100, 3)
    path.unlink()
    other = replace(image, stored=replace(image.stored, modified=0))
    assert shown(other).picture is None
