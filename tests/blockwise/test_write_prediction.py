from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import zarr
from segmented import blobs
from untrained import untrained_model

import terrazzo as tz
from terrazzo.errors import InputError, ModelError

ALL = (slice(None), slice(None))


@pytest.fixture(scope="module")
def result(model, stored, tmp_path_factory):
    return tz.write_prediction(model, stored, tmp_path_factory.mktemp("run") / "result.zarr", block=48)


def superpixels_of(model, image, **others):
    parameters = model.recipe.superpixels
    return tz.superpixels(image, parameters.size, iterations=parameters.iterations, scale=parameters.scale, **others)


def test_the_stored_superpixels_are_the_lazy_ones(result, model, stored):
    assert np.array_equal(result.read_superpixels(ALL), superpixels_of(model, stored).compute())


def test_the_stored_classes_are_the_lazy_ones_of_the_same_blocks(result, model, stored):
    lazy = tz.predict(model, stored, block=48).compute()
    assert len(np.unique(lazy)) > 1
    assert np.array_equal(result.read_classes(ALL), lazy)


def test_the_arrays_on_disk_are_what_the_result_reads(result):
    for name, read in (("superpixels", result.read_superpixels), ("classes", result.read_classes)):
        array = zarr.open_array(result.path, path=f"labels/{name}/0", mode="r")
        assert np.array_equal(array[:], read(ALL))


def test_the_tables_are_the_region_graph_with_classes(result, model, stored):
    lattice = tz.Lattice.of(stored, model.recipe.superpixels.size)
    labels = superpixels_of(model, stored)
    graph = tz.region_graph(stored, labels, lattice=lattice, features=model.recipe.features).compute()
    nodes = pq.read_table(Path(result.path) / "nodes").sort_by("id")
    assert np.array_equal(nodes["id"], graph.ids)
    assert np.array_equal(nodes["area"], graph.areas)
    assert np.array_equal(np.stack([nodes["y"], nodes["x"]], axis=1), graph.positions)
    features = nodes["features"].combine_chunks().flatten().to_numpy().reshape(len(graph.ids), -1)
    assert np.array_equal(features, graph.node_features)
    probabilities = nodes["probabilities"].combine_chunks().flatten().to_numpy().reshape(len(graph.ids), -1)
    assert np.allclose(probabilities, model.class_probabilities(graph), atol=1e-4)
    assert np.array_equal(nodes["class"], probabilities.argmax(axis=1))
    edges = pq.read_table(Path(result.path) / "edges").sort_by([("low", "ascending"), ("high", "ascending")])
    assert np.array_equal(np.stack([edges["low"], edges["high"]]), graph.ids[graph.edge_index])


def test_the_classes_of_the_nodes_are_those_of_the_pixels(result):
    nodes = pq.read_table(Path(result.path) / "nodes", columns=["id", "class"]).sort_by("id")
    rows = np.searchsorted(nodes["id"].to_numpy(), result.read_superpixels(ALL))
    assert np.array_equal(nodes["class"].to_numpy()[rows], result.read_classes(ALL))


def test_a_finished_result_has_figures_and_says_where_it_comes_from(result, model, stored):
    run = tz.open_result(result.path).run
    assert run["finished"] is True
    assert run["figures"]["pixels"] == 130 * 170
    assert run["figures"]["superpixels"] == len(np.unique(result.read_superpixels(ALL)))
    assert run["made_from"]["image"] == stored.path
    assert run["made_from"]["model"] == model.fingerprint()
    assert run["class_names"] == list(model.class_names)


def test_the_pixel_size_is_that_of_the_image(result):
    ome = zarr.open_group(result.path, path="labels/classes", mode="r").attrs["ome"]
    (level,) = ome["multiscales"][0]["datasets"]
    assert level["coordinateTransformations"] == [{"type": "scale", "scale": [0.5, 0.25]}]


def test_another_block_gives_the_same_superpixels_and_the_same_classes_but_for_ties(result, model, stored, tmp_path):
    other = tz.write_prediction(model, stored, tmp_path / "result.zarr", block=1024)
    assert np.array_equal(other.read_superpixels(ALL), result.read_superpixels(ALL))
    assert np.mean(other.read_classes(ALL) == result.read_classes(ALL)) > 0.999


def test_each_pass_tells_how_far_it_is(model, stored, tmp_path):
    told = []
    tz.write_prediction(model, stored, tmp_path / "result.zarr", block=72, progress=lambda *now: told.append(now))
    for name in ("superpixels", "classes"):
        steps = [(done, total, pixels) for what, done, total, pixels in told if what == name]
        assert [done for done, _, _ in steps] == list(range(steps[0][1] + 1))
        assert steps[-1][2] == 130 * 170


def test_an_image_with_other_channels_is_refused_before_anything_is_written(tmp_path):
    tz.write_ome_zarr(tmp_path / "image.zarr", blobs((20, 20), 2))
    with pytest.raises(ModelError, match="the image has 2 channels and the model was fitted on 1"):
        tz.write_prediction(untrained_model(), tz.open_image(tmp_path / "image.zarr"), tmp_path / "result.zarr")
    assert not (tmp_path / "result.zarr").exists()


def test_a_pixel_that_is_not_finite_is_named_and_the_result_is_not_finished(model, pixels, tmp_path):
    broken = pixels.copy()
    broken[0, 99, 140] = np.inf
    tz.write_ome_zarr(tmp_path / "image.zarr", broken)
    with pytest.raises(InputError, match=r"the image is inf in channel 0 at pixel \(y, x\) = \(99, 140\)"):
        tz.write_prediction(model, tz.open_image(tmp_path / "image.zarr"), tmp_path / "result.zarr", block=48)
    assert tz.open_result(tmp_path / "result.zarr").run["finished"] is False


def test_a_result_is_replaced_only_when_asked(model, stored, tmp_path):
    path = tmp_path / "result.zarr"
    tz.write_prediction(model, stored, path)
    with pytest.raises(InputError, match="exists"):
        tz.write_prediction(model, stored, path)
    assert tz.write_prediction(untrained_model(seed=5), stored, path, overwrite=True).run["finished"] is True
