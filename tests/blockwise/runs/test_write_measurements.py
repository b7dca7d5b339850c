"""Tables of regions: against scipy on the whole image, and the same whatever the blocks."""

import numpy as np
import pyarrow.csv as pc
import pyarrow.parquet as pq
import pytest
import zarr
from scipy import ndimage

import terrazzo as tz
from terrazzo.errors import InputError, ParameterError

RNG = np.random.default_rng(0)
SHAPE = (130, 170)
WHOLE = RNG.integers(0, 2**16, (2, *SHAPE)).astype(np.uint16)


def with_classes(result, classes):
    """Put other classes into a result: what is measured is what is stored."""
    zarr.open_array(result.path, path="labels/classes/0", mode="r+")[:] = classes
    return result


def snakes(shape):
    """Classes with regions that wind through many blocks, others of a pixel, and pixels without a class."""
    classes = RNG.choice(np.array([0, 1, 255], np.uint8), shape, p=(0.55, 0.35, 0.1))
    classes[..., 40:90, 5:160] = 2
    classes[..., 44:86, 9:155] = 0
    classes[..., 48:82, 13:150] = 2
    return classes


@pytest.fixture(scope="module")
def results(model, stored, tmp_path_factory):
    classes, folder = snakes(SHAPE), tmp_path_factory.mktemp("runs")
    return classes, [
        with_classes(tz.write_prediction(model, stored, folder / f"{block}.zarr", block=block), classes)
        for block in (24, 48, 1000)
    ]


@pytest.fixture(scope="module")
def whole_numbers(tmp_path_factory):
    path = tmp_path_factory.mktemp("numbers") / "image.zarr"
    tz.write_ome_zarr(path, WHOLE, channel_names=("blue", "green"))
    return tz.open_image(path)


def by_scipy(classes, channels, names):
    """The rows that there should be, in the order of last pixels, region by region."""
    rows = []
    for value, name in enumerate(names):
        pieces, count = ndimage.label(classes == value)
        for piece in range(1, count + 1):
            inside = pieces == piece
            places = np.nonzero(inside)
            means = [float(channel[inside].sum(dtype=np.float64)) / inside.sum() for channel in channels]
            last = np.flatnonzero(inside)[-1]
            rows.append((last, name, int(inside.sum()), *(one.sum() / one.size for one in places), *means))
    return [row[1:] for row in sorted(rows)]


def test_regions_are_those_of_the_whole_image_whatever_the_blocks(results, whole_numbers, model, tmp_path):
    classes, runs = results
    files = []
    for number, result in enumerate(runs):
        rows = tz.write_measurements(result, tmp_path / f"{number}.csv", whole_numbers)
        files.append((tmp_path / f"{number}.csv").read_bytes())
    assert len(set(files)) == 1
    table = pc.read_csv(tmp_path / "0.csv")
    names = ["region", "class", "area", "area_micrometer2", "y", "x", "mean_blue", "mean_green"]
    assert table.column_names == names
    assert table["region"].to_pylist() == list(range(1, rows + 1))
    expected = by_scipy(classes, WHOLE, model.class_names)
    found = list(zip(*(table[name].to_pylist() for name in names if name not in ("region", names[3])), strict=True))
    assert len(found) > 1000
    assert found == expected
    assert np.allclose(table["area_micrometer2"], np.array(table["area"]) * 0.125)


def test_a_row_per_class_sums_its_regions_and_floats_are_measured_to_rounding(results, stored, pixels, model, tmp_path):
    classes, runs = results
    assert tz.write_measurements(runs[0], tmp_path / "a.parquet", stored, per="class") == 3
    table = pq.read_table(tmp_path / "a.parquet")
    assert table.column_names == ["class", "area", "area_micrometer2", "mean_0"]
    assert table["class"].to_pylist() == list(model.class_names[:3])
    inside = [classes == value for value in range(3)]
    assert table["area"].to_pylist() == [one.sum() for one in inside]
    np.testing.assert_allclose(table["mean_0"], [pixels[0][one].mean(dtype=np.float64) for one in inside], rtol=1e-12)


def test_regions_of_volumes_connect_through_sections(volume_model, volume, tmp_path):
    tz.write_ome_zarr(tmp_path / "volume.zarr", volume, axes="zyx")
    image = tz.open_image(tmp_path / "volume.zarr")
    result = tz.write_prediction(volume_model, image, tmp_path / "result.zarr", block=24)
    assert min(result.grid.shape) > 1
    classes = RNG.choice(np.array([0, 1, 255], np.uint8), volume.shape, p=(0.3, 0.3, 0.4))
    with_classes(result, classes)
    tz.write_measurements(result, tmp_path / "a.csv")
    table = pc.read_csv(tmp_path / "a.csv")
    columns = ("class", "area", "z", "y", "x")
    found = list(zip(*(table[name].to_pylist() for name in columns), strict=True))
    assert found == by_scipy(classes, [], volume_model.class_names)


def test_mistakes_are_told_and_nothing_is_left(results, stored, tmp_path):
    result = results[1][0]
    (tmp_path / "there.csv").touch()
    other = tmp_path / "other.zarr"
    tz.write_ome_zarr(other, WHOLE[:, 1:])
    for path, image, words in (
        ("a.txt", None, "end it in .csv or .parquet"),
        ("a.tif", None, "ends in .tif, for TIFF, and measurements are CSV or Parquet"),
        ("there.csv", None, "exists; choose another path"),
        ("a.csv", tz.open_image(other), r"the image has \(129, 170\) pixels"),
        ("none/a.csv", None, "cannot be written"),
    ):
        with pytest.raises(InputError, match=words):
            tz.write_measurements(result, tmp_path / path, image)
    with pytest.raises(InputError, match="inside the result"):
        tz.write_measurements(result, f"{result.path}/a.csv")
    with pytest.raises(ParameterError, match="per is 'pixel'"):
        tz.write_measurements(result, tmp_path / "a.csv", stored, per="pixel")
    assert {path.name for path in tmp_path.iterdir()} == {"there.csv", "other.zarr"}


def test_the_image_of_a_result_is_found_again_and_missed_where_it_moved(results, stored, tmp_path):
    result = results[1][0]
    assert tz.source_image(result) == stored
    run = tmp_path / "run.json"
    moved = type(result)(str(tmp_path), result.grid, (), ())
    run.write_text(f'{{"made_from": {{"image": "{tmp_path}/gone.zarr", "level": 0, "axes": "cyx"}}}}')
    with pytest.raises(InputError, match=r"no file or store at .*gone.zarr'; give the image of"):
        tz.source_image(moved)
