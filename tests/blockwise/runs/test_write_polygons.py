import json
import math
from pathlib import Path

import numpy as np
import pytest
import shapely
import zarr
from distributed import Client, LocalCluster
from forked import forking

import terrazzo as tz
from terrazzo.errors import InputError, ParameterError
from terrazzo.progress import Step, on_progress

ALL = (slice(None), slice(None))


@pytest.fixture(scope="module")
def result(model, stored, disc, tmp_path_factory):
    """A result with pixels that have no class, in 12 blocks."""
    return tz.write_prediction(model, stored, tmp_path_factory.mktemp("run") / "result.zarr", mask=disc, block=48)


def classes_of(result):
    return zarr.open_array(result.path, path="labels/classes/0", mode="r+")


@pytest.fixture(scope="module")
def noisy(model, stored, tmp_path_factory):
    """A result whose classes are noise: thousands of regions, with holes in holes."""
    result = tz.write_prediction(model, stored, tmp_path_factory.mktemp("run") / "noisy.zarr", block=48)
    rng = np.random.default_rng(0)
    classes_of(result)[:] = rng.choice(np.array([0, 1, 255], np.uint8), (130, 170), p=(0.5, 0.4, 0.1))
    return result


def features_of(path):
    document = json.loads(path.read_text())
    assert document["type"] == "FeatureCollection"
    return document["features"]


def test_drawing_the_polygons_gives_the_classes_back(noisy, tmp_path):
    path = tmp_path / "classes.geojson"
    written = tz.write_polygons(noisy, path)
    assert written == len(features_of(path)) > 1000
    assert np.array_equal(tz.open_annotation(path, noisy).plane.compute(), noisy.read_classes(ALL))


def test_the_polygons_are_valid_and_turn_as_geojson_has_it(noisy, tmp_path):
    tz.write_polygons(noisy, tmp_path / "classes.geojson")
    for feature in features_of(tmp_path / "classes.geojson"):
        polygon = shapely.geometry.shape(feature["geometry"])
        assert polygon.is_valid
        assert polygon.exterior.is_ccw
        assert not any(hole.is_ccw for hole in polygon.interiors)


def test_a_polygon_has_the_name_and_the_colour_of_its_class_as_qupath_writes_them(result, model, tmp_path):
    tz.write_polygons(result, tmp_path / "classes.geojson")
    properties = [feature["properties"] for feature in features_of(tmp_path / "classes.geojson")]
    colours = [list(bytes.fromhex(colour[1:])) for colour in model.colours]
    known = [{"name": name, "color": colour} for name, colour in zip(model.class_names, colours, strict=True)]
    assert all(one["objectType"] == "annotation" and one["classification"] in known for one in properties)
    annotation = tz.open_annotation(tmp_path / "classes.geojson", result)
    assert annotation.class_names == model.class_names
    assert set(annotation.colours) <= {*model.colours, None}


@pytest.mark.parametrize("block", [24, 1000])
def test_the_blocks_of_a_result_have_no_say_in_the_file(noisy, model, stored, block, tmp_path):
    other = tz.write_prediction(model, stored, tmp_path / "other.zarr", block=block)
    classes_of(other)[:] = noisy.read_classes(ALL)
    assert len(other.grid) != len(noisy.grid)
    for result, name in ((noisy, "a"), (other, "b")):
        tz.write_polygons(result, tmp_path / f"{name}.geojson")
    assert (tmp_path / "a.geojson").read_bytes() == (tmp_path / "b.geojson").read_bytes()


def test_a_cluster_writes_the_same_file(noisy, tmp_path):
    tz.write_polygons(noisy, tmp_path / "threads.geojson")
    with (
        forking(),
        LocalCluster(1, threads_per_worker=1, processes=True, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        tz.write_polygons(noisy, tmp_path / "cluster.geojson", client=client)
    assert (tmp_path / "threads.geojson").read_bytes() == (tmp_path / "cluster.geojson").read_bytes()


def test_a_class_that_is_skipped_has_no_polygons(noisy, model, tmp_path):
    tz.write_polygons(noisy, tmp_path / "classes.geojson", skip=[model.class_names[0]])
    annotation = tz.open_annotation(tmp_path / "classes.geojson", noisy).plane.compute()
    assert np.array_equal(annotation, np.where(noisy.read_classes(ALL) == 1, 1, 255))


def test_a_tolerance_takes_corners_away_and_no_region(result, tmp_path):
    exact = tz.write_polygons(result, tmp_path / "exact.geojson")
    simpler = tz.write_polygons(result, tmp_path / "simpler.geojson", tolerance=1)
    assert simpler == exact
    assert (tmp_path / "simpler.geojson").stat().st_size < (tmp_path / "exact.geojson").stat().st_size
    for feature in features_of(tmp_path / "simpler.geojson"):
        polygon = shapely.geometry.shape(feature["geometry"])
        assert polygon.is_valid
        assert polygon.exterior.is_ccw
    drawn = tz.open_annotation(tmp_path / "simpler.geojson", result).plane.compute()
    assert (drawn == result.read_classes(ALL)).mean() > 0.97


def test_each_block_is_told(result, tmp_path):
    told = []
    with on_progress(told.append):
        tz.write_polygons(result, tmp_path / "classes.geojson")
    assert told[-1] == Step("polygons", len(result.grid), len(result.grid), math.prod(result.grid.lattice.shape))


def test_a_result_of_a_coarser_level_has_polygons_in_pixels_of_the_finest(model, stored, tmp_path):
    import zarr

    root = zarr.create_group(tmp_path / "pyramid.zarr")
    fine = np.kron(stored.data.compute()[0], np.ones((2, 2), np.float32))
    datasets = []
    for level, array in enumerate([fine, fine[::2, ::2]]):
        root.create_array(str(level), data=array)
        datasets.append({"path": str(level), "coordinateTransformations": [{"type": "scale", "scale": [2**level] * 2}]})
    axes = [{"name": axis, "type": "space"} for axis in "yx"]
    root.attrs["ome"] = {"version": "0.5", "multiscales": [{"axes": axes, "datasets": datasets}]}
    image = tz.open_image(tmp_path / "pyramid.zarr", level=1)
    result = tz.write_prediction(model, image, tmp_path / "result.zarr", block=48)
    tz.write_polygons(result, tmp_path / "classes.geojson")
    corners = np.concatenate(
        [ring for one in features_of(tmp_path / "classes.geojson") for ring in one["geometry"]["coordinates"]]
    )
    assert corners.max(axis=0).tolist() == [340, 260]
    assert (corners % 2 == 0).all()
    assert np.array_equal(
        tz.open_annotation(tmp_path / "classes.geojson", result).plane.compute(), result.read_classes(ALL)
    )


def test_a_mistake_leaves_no_file(result, tmp_path):
    path = tmp_path / "classes.geojson"
    with pytest.raises(ParameterError, match="there is no class 'fat' to skip; the classes are"):
        tz.write_polygons(result, path, skip=["fat"])
    with pytest.raises(ParameterError, match="tolerance is -1"):
        tz.write_polygons(result, path, tolerance=-1)
    with pytest.raises(InputError, match="cannot be written: No such file or directory; choose another path"):
        tz.write_polygons(result, tmp_path / "none" / "classes.geojson")
    with pytest.raises(InputError, match="is inside the result"):
        tz.write_polygons(result, Path(result.path) / "classes.geojson")
    with pytest.raises(InputError, match="is a folder; name a file"):
        tz.write_polygons(result, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_there_is_replaced_only_when_asked(result, tmp_path):
    path = tmp_path / "classes.geojson"
    path.write_text("mine")
    with pytest.raises(InputError, match="exists; choose another path or add --overwrite"):
        tz.write_polygons(result, path)
    assert path.read_text() == "mine"
    tz.write_polygons(result, path, overwrite=True)
    assert features_of(path)


def test_a_result_that_is_not_finished_or_of_a_volume_is_refused(model, stored, volume_model, volume, tmp_path):
    result = tz.write_prediction(model, stored, tmp_path / "result.zarr")
    run = Path(result.path) / "run.json"
    run.write_text(json.dumps(json.loads(run.read_text()) | {"finished": False}))
    with pytest.raises(InputError, match="is not finished; run the same terrazzo predict again"):
        tz.write_polygons(result, tmp_path / "classes.geojson")
    tz.write_ome_zarr(tmp_path / "volume.zarr", volume, axes="zyx")
    deep = tz.write_prediction(volume_model, tz.open_image(tmp_path / "volume.zarr"), tmp_path / "deep.zarr", block=24)
    with pytest.raises(InputError, match=r"is of a volume \(z, y, x\); polygons are of images"):
        tz.write_polygons(deep, tmp_path / "classes.geojson")
