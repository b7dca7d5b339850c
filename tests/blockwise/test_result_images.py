"""The images of a result: their levels, their metadata, and what other readers find in them."""

import dask.array as da
import numpy as np
import pytest
import zarr
from segmented import blobs
from told import telling

import terrazzo as tz
from terrazzo.io.results.markers import read_markers
from terrazzo.regions.classes.annotation import CERTAIN

ALL = (slice(None), slice(None))


@pytest.fixture(scope="module")
def result(model, stored, disc, tmp_path_factory):
    path = tmp_path_factory.mktemp("run") / "result.zarr"
    return tz.write_prediction(model, stored, path, mask=disc, block=24, probabilities=True)


@pytest.fixture(scope="module")
def of_volume(volume_model, volume, tmp_path_factory):
    folder = tmp_path_factory.mktemp("volume")
    tz.write_ome_zarr(folder / "volume.zarr", volume, axes="zyx", pixel_size=(2, 0.5, 0.5))
    image = tz.open_image(folder / "volume.zarr")
    return tz.write_prediction(volume_model, image, folder / "result.zarr", block=24, probabilities=True)


def check_levels(result):
    factors = result.pyramid.factors
    assert result.pyramid.steps
    for key in result.images:
        finest = zarr.open_array(f"{result.path}/{key}/0", mode="r")[:]
        assert finest.any()
        for level, steps in enumerate(factors):
            stored = zarr.open_array(f"{result.path}/{key}/{level}", mode="r")
            assert np.array_equal(stored[:], finest[(..., *(slice(None, None, step) for step in steps))])


def test_every_image_has_levels_by_nearest_sampling(result, of_volume):
    check_levels(result)
    check_levels(of_volume)


def test_probabilities_are_those_of_the_nodes(result, disc):
    nodes = result.nodes.compute().set_index("id").sort_index()
    columns = nodes[[name for name in nodes.columns if name.startswith("probability_")]].to_numpy()
    rows = np.searchsorted(nodes.index, result.read_superpixels(ALL)[disc])
    image = zarr.open_array(f"{result.path}/probabilities/0", mode="r")[:]
    assert image.dtype == np.uint8
    assert np.array_equal(image[:, disc].T, np.rint(255 * columns[rows]))
    assert not image[:, ~disc].any()


def test_without_asking_there_are_no_probabilities_and_the_rest_is_the_same(result, model, stored, disc, tmp_path):
    other = tz.write_prediction(model, stored, tmp_path / "result.zarr", mask=disc, block=24)
    assert other.images == ("labels/superpixels", "labels/classes")
    assert not (tmp_path / "result.zarr" / "probabilities").exists()
    for read in ("read_superpixels", "read_classes"):
        assert np.array_equal(getattr(other, read)(ALL), getattr(result, read)(ALL))


def test_a_result_without_probabilities_is_not_gone_on_with_as_one_that_has_them(result, model, stored, disc):
    with pytest.raises(tz.TerrazzoError, match="was not made from this: probabilities was True and is False; give the"):
        tz.write_prediction(model, stored, result.path, mask=disc, block=24)


def test_each_tile_of_the_coarser_levels_has_its_marker_and_is_told(model, stored, tmp_path):
    told = []
    with telling(lambda *now: told.append(now)):
        result = tz.write_prediction(model, stored, tmp_path / "result.zarr", block=24)
    tiles = {(step, *tile.index) for step in result.pyramid.steps for tile in result.pyramid.tiles(step)}
    assert read_markers(tmp_path / "result.zarr" / "done" / "levels").keys() == tiles
    assert result.finished("levels").keys() == tiles
    assert [now[1:3] for now in told if now[0] == "levels"] == [(n, len(tiles)) for n in range(len(tiles) + 1)]
    assert result.run["figures"]["seconds"].keys() == {"superpixels", "classes", "levels"}


def test_a_small_image_has_one_level(model, tmp_path):
    tz.write_ome_zarr(tmp_path / "image.zarr", blobs((20, 20)))
    result = tz.write_prediction(model, tz.open_image(tmp_path / "image.zarr"), tmp_path / "result.zarr")
    assert sorted(zarr.open_group(f"{result.path}/labels/classes").array_keys()) == ["0"]


def test_the_metadata_are_valid_ome_ngff_0_5(result, of_volume):
    pytest.importorskip("ome_zarr_models")
    from ome_zarr_models import v05

    for path in (result.path, of_volume.path):
        group = zarr.open_group(path, mode="r")
        for image in (group, group["probabilities"]):
            v05.Image.from_zarr(image)
        assert v05.Labels.from_zarr(group["labels"]).attributes.ome.labels == ["superpixels", "classes"]
        for name in ("superpixels", "classes"):
            v05.ImageLabel.from_zarr(group["labels"][name])


def test_names_colours_and_sizes_of_pixels_are_in_the_metadata(result, model):
    ome = zarr.open_group(f"{result.path}/labels/classes", mode="r").attrs["ome"]
    (multiscale,) = ome["multiscales"]
    scales = [level["coordinateTransformations"][0]["scale"] for level in multiscale["datasets"]]
    assert scales == [[0.5 * 2**n, 0.25 * 2**n] for n in range(len(scales))]
    assert multiscale["type"] == "nearest"
    shown = {colour["label-value"]: colour["rgba"] for colour in ome["image-label"]["colors"]}
    assert shown[1] == [0, 255, 127, 255]
    assert shown[255] == [0, 0, 0, 0]
    of_superpixels = zarr.open_group(f"{result.path}/labels/superpixels", mode="r").attrs["ome"]["image-label"]
    assert of_superpixels == {"source": {"image": "../../"}, "colors": []}
    channels = zarr.open_group(result.path, mode="r").attrs["ome"]["omero"]["channels"]
    assert [channel["label"] for channel in channels] == list(model.class_names)
    assert channels[1]["color"] == "00FF7F"
    assert channels[0]["window"] == {"min": 0, "max": CERTAIN, "start": 0, "end": CERTAIN}


def test_dask_and_zarr_read_every_level(result):
    for level in range(3):
        lazy = da.from_zarr(f"{result.path}/labels/classes", component=str(level))
        eager = zarr.open_group(result.path, mode="r")[f"labels/classes/{level}"]
        assert np.array_equal(lazy.compute(), eager[:])


def test_terrazzo_opens_each_level_of_a_result_with_its_pixel_size(result):
    coarse = tz.open_labels(f"{result.path}/labels/classes", level=2)
    assert coarse.pixel_size == (2.0, 1.0)
    assert np.array_equal(coarse.plane.compute(), result.read_classes(ALL)[::4, ::4])
    assert tz.open_image(result.path).extent == (130, 170)


def test_ome_zarr_py_reads_the_result_with_its_labels(result):
    pytest.importorskip("ome_zarr")
    from ome_zarr.io import parse_url
    from ome_zarr.reader import Reader

    nodes = {node.zarr.basename(): node for node in Reader(parse_url(result.path))()}
    assert {"superpixels", "classes"} <= nodes.keys()
    assert np.array_equal(nodes["classes"].data[0], result.read_classes(ALL))
    assert [level.shape for level in nodes["superpixels"].data] == list(result.pyramid.shapes)
    assert nodes["classes"].metadata["color"][1][:3] == [0, 1, 127 / 255]


def test_napari_opens_the_result_with_its_labels(result):
    pytest.importorskip("napari_ome_zarr")
    npe2 = pytest.importorskip("npe2")
    from napari.components import ViewerModel  # the viewer without its window, which wants OpenGL
    from napari.layers import Labels

    npe2.PluginManager.instance().discover()
    layers = ViewerModel().open(result.path, plugin="napari-ome-zarr")
    assert len([layer for layer in layers if not isinstance(layer, Labels)]) == result.probabilities
    labels = {layer.name.split("/")[-1]: layer for layer in layers if isinstance(layer, Labels)}
    assert np.array_equal(np.asarray(labels["classes"].data[0]), result.read_classes(ALL))
    assert [level.shape for level in labels["superpixels"].data] == list(result.pyramid.shapes)
    assert labels["classes"].get_color(1).tolist() == pytest.approx([0, 1, 127 / 255, 1])
    assert labels["classes"].get_color(255)[3] == 0
    assert labels["superpixels"].get_color(7)[3] == 1
