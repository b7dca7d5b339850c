"""The classes of a result as OME-TIFF: tiles, levels, colours, and the pixels of the result."""

import numpy as np
import pytest
import tifffile
import zarr
from segmented import grid_of
from written import finish

import terrazzo as tz
from terrazzo.errors import InputError
from terrazzo.io.results.new_result import create_result

COLOURS = ("#010203", "#ff8000")


def finished(path, shape, size, cells, **options):
    """A result whose classes are noise on all levels."""
    made_from = {"colours": COLOURS}
    common = {"node_columns": (), "edge_columns": (), "class_names": ("cell", "not cell"), "colours": COLOURS}
    grid = grid_of(shape, size, cells)
    result = create_result(path, grid, made_from=made_from, **common, **{"pixel_size": None, **options})
    classes = np.random.default_rng(1).choice(np.array([0, 1, 255], np.uint8), shape)
    for level, steps in enumerate(result.pyramid.factors):
        array = zarr.open_array(path, path=f"labels/classes/{level}", mode="r+")
        array[:] = classes[tuple(slice(None, None, step) for step in steps)]
    finish(result, {})
    return result, classes


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    path = tmp_path_factory.mktemp("run") / "a.zarr"
    return finished(path, (700, 1100), (16, 16), (32, 32), pixel_size=(0.5, 0.25), pixel_unit="micrometer")


def test_the_file_holds_the_classes_with_palette_levels_and_what_is_known_of_pixels(image, tmp_path):
    result, classes = image
    tz.write_tiff(result, tmp_path / "a.ome.tif")
    with tifffile.TiffFile(tmp_path / "a.ome.tif") as file:
        (series,) = file.series
        assert [level.shape for level in series.levels] == [tuple(shape) for shape in result.pyramid.shapes]
        assert len(series.levels) == 5
        for level, (y, x) in zip(series.levels, result.pyramid.factors, strict=True):
            assert np.array_equal(level.asarray(), classes[::y, ::x])
        page = file.pages[0]
        assert (page.is_tiled, page.tile, page.photometric.name) == (True, (512, 512), "PALETTE")
        assert (page.colormap[:, :2] // 257).T.tolist() == [[1, 2, 3], [255, 128, 0]]
        assert 'PhysicalSizeY="0.5" PhysicalSizeYUnit="µm"' in file.ome_metadata
        assert '<M K="1">not cell</M>' in file.ome_metadata
    again = tz.open_labels(tmp_path / "a.ome.tif")
    assert (again.pixel_size, again.levels) == ((0.5, 0.25), 5)
    assert np.array_equal(again.plane.compute(), classes)


def test_coloured_it_is_the_colours_of_the_classes(image, tmp_path):
    result, classes = image
    tz.write_tiff(result, tmp_path / "a.tif", coloured=True)
    table = np.array([[1, 2, 3], [255, 128, 0], *[[0, 0, 0]] * 254], np.uint8)
    with tifffile.TiffFile(tmp_path / "a.tif") as file:
        assert file.pages[0].photometric.name == "RGB"
        assert np.array_equal(file.series[0].levels[1].asarray(), table[classes[::2, ::2]])
    assert np.array_equal(tz.open_image(tmp_path / "a.tif").data.compute(), np.moveaxis(table[classes], -1, 0))


def test_a_volume_has_a_page_for_each_section_and_levels_with_all_of_them(tmp_path):
    result, classes = finished(tmp_path / "a.zarr", (6, 90, 70), (3, 4, 4), (8, 16, 16))
    assert len(result.pyramid.factors) == 4
    tz.write_tiff(result, tmp_path / "a.tif")
    with tifffile.TiffFile(tmp_path / "a.tif") as file:
        levels = [level.asarray() for level in file.series[0].levels]
        assert file.series[0].axes == "ZYX"
    assert all(np.array_equal(level, classes[:, :: 2**n, :: 2**n]) for n, level in enumerate(levels))
    assert len(levels) == 4


def test_sections_are_left_out_of_no_level(tmp_path):
    result, classes = finished(tmp_path / "a.zarr", (20, 90, 70), (2, 4, 4), (4, 16, 16))
    assert result.pyramid.factors[1] == (2, 2, 2)
    tz.write_tiff(result, tmp_path / "a.tif")
    with tifffile.TiffFile(tmp_path / "a.tif") as file:
        assert len(file.series[0].levels) == 1
        assert np.array_equal(file.series[0].asarray(), classes)


def test_mistakes_are_told_and_nothing_is_left(image, tmp_path):
    result, _ = image
    (tmp_path / "a.tif").touch()
    wrong = {"a.tif": "exists", "a.png": "ends in .png", ".": "is a folder", "no/a.tif": "cannot be"}
    for path, words in wrong.items():
        with pytest.raises(InputError, match=words):
            tz.write_tiff(result, tmp_path / path)
    with pytest.raises(InputError, match="inside the result"):
        tz.write_tiff(result, f"{result.path}/a.tif")
    assert [path.name for path in tmp_path.iterdir()] == ["a.tif"]
    tz.write_tiff(result, tmp_path / "a.tif", overwrite=True)
    assert (tmp_path / "a.tif").stat().st_size > 0
