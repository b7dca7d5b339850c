import shutil
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import zarr
from segmented import blobs
from told import telling
from untrained import untrained_model

import terrazzo as tz
from terrazzo.blockwise.cluster.cluster import cluster_client
from terrazzo.errors import InputError, ModelError

ALL = (slice(None), slice(None))


@pytest.fixture(scope="module")
def result(model, stored, tmp_path_factory):
    return tz.write_prediction(model, stored, tmp_path_factory.mktemp("run") / "result.zarr", block=48)


@pytest.fixture(scope="module")
def masked(model, stored, disc, tmp_path_factory):
    return tz.write_prediction(model, stored, tmp_path_factory.mktemp("run") / "masked.zarr", mask=disc, block=24)


def superpixels_of(model, image, **others):
    parameters = model.recipe.superpixels
    return tz.superpixels(image, parameters, **others)


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
    level = ome["multiscales"][0]["datasets"][0]
    assert level["coordinateTransformations"] == [{"type": "scale", "scale": [0.5, 0.25]}]


def test_another_block_gives_the_same_superpixels_and_the_same_classes_but_for_ties(result, model, stored, tmp_path):
    other = tz.write_prediction(model, stored, tmp_path / "result.zarr", block=1024)
    assert np.array_equal(other.read_superpixels(ALL), result.read_superpixels(ALL))
    assert np.mean(other.read_classes(ALL) == result.read_classes(ALL)) > 0.999


def test_each_pass_tells_how_far_it_is(model, stored, tmp_path):
    told = []
    with telling(lambda *now: told.append(now)):
        tz.write_prediction(model, stored, tmp_path / "result.zarr", block=72)
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
    assert tz.open_result(tmp_path / "result.zarr").finished("superpixels")
    shutil.rmtree(tmp_path / "image.zarr")
    tz.write_ome_zarr(tmp_path / "image.zarr", pixels)
    with pytest.raises(InputError, match="was not made from this: the content of the image has changed"):
        tz.write_prediction(model, tz.open_image(tmp_path / "image.zarr"), tmp_path / "result.zarr", block=48)


def test_what_a_run_leaves_that_failed_at_its_first_block_gives_way_to_another(model, pixels, tmp_path):
    broken = pixels.copy()
    broken[0, 99, 140] = np.nan
    tz.write_ome_zarr(tmp_path / "image.zarr", broken)
    with pytest.raises(InputError, match="the image is nan"):
        tz.write_prediction(model, tz.open_image(tmp_path / "image.zarr"), tmp_path / "result.zarr")
    shutil.rmtree(tmp_path / "image.zarr")
    tz.write_ome_zarr(tmp_path / "image.zarr", pixels)
    mended = tz.open_image(tmp_path / "image.zarr")
    assert tz.write_prediction(model, mended, tmp_path / "result.zarr").run["finished"]


def test_a_run_that_has_no_block_finished_yet_is_not_replaced_while_it_goes_on(model, stored, tmp_path):
    path, other, refused = tmp_path / "result.zarr", untrained_model(seed=5), []

    def interrupt(*_):
        raise KeyboardInterrupt

    def come_between(name, done, *_):
        if (name, done) == ("superpixels", 0):
            with pytest.raises(InputError, match="was not made from this: the model has changed"):
                tz.write_prediction(other, stored, path)
            refused.append(name)

    with pytest.raises(KeyboardInterrupt), telling(interrupt):
        tz.write_prediction(model, stored, path)
    assert tz.open_result(path).is_given_up
    with telling(come_between):
        assert tz.write_prediction(model, stored, path).run["made_from"]["model"] == model.fingerprint()
    assert refused


def test_a_result_is_replaced_only_when_asked(model, stored, tmp_path):
    path, other = tmp_path / "result.zarr", untrained_model(seed=5)
    tz.write_prediction(model, stored, path)
    with pytest.raises(InputError, match="exists and was not made from this: the model has changed; give the same"):
        tz.write_prediction(other, stored, path)
    assert tz.write_prediction(other, stored, path, overwrite=True).run["made_from"]["model"] == other.fingerprint()


def rows_of(result):
    """Return the ids and classes of the nodes in the tables."""
    nodes = pq.read_table(Path(result.path) / "nodes").sort_by("id")
    return nodes["id"].to_numpy(), nodes["class"].to_numpy()


def test_outside_the_mask_nothing_is_written(masked, model, stored, disc):
    assert np.array_equal(masked.read_superpixels(ALL), superpixels_of(model, stored, mask=disc).compute())
    assert np.array_equal(masked.read_classes(ALL) == 255, ~disc)
    lazy = tz.predict(model, stored, mask=disc, block=24).compute()
    assert np.array_equal(masked.read_classes(ALL), lazy)
    ids, _ = rows_of(masked)
    assert np.array_equal(ids, np.unique(masked.read_superpixels(ALL)[disc]))
    assert masked.run["figures"]["superpixels"] == len(ids)
    assert masked.run["made_from"]["mask"] == "an array"


def test_a_stored_mask_and_a_function_give_the_same_result(model, stored, pixels, tmp_path):
    bright = pixels[0] > 0.6
    tz.write_ome_zarr(tmp_path / "mask.zarr", bright.astype(np.uint8), axes="yx", chunks=(33, 40))
    mask = tz.open_labels(tmp_path / "mask.zarr")
    by_array = tz.write_prediction(model, stored, tmp_path / "array.zarr", mask=mask, block=48)
    by_function = tz.write_prediction(model, stored, tmp_path / "function.zarr", mask=lambda p: p[0] > 0.6, block=48)
    for read in ("read_superpixels", "read_classes"):
        assert np.array_equal(getattr(by_array, read)(ALL), getattr(by_function, read)(ALL))
    assert by_array.run["made_from"]["mask"] == mask.path
    assert by_function.run["made_from"]["mask"] == "a function"


def test_every_kind_of_mask_travels_to_worker_processes(model, stored, pixels, tmp_path):
    bright = pixels[0] > 0.6
    tz.write_ome_zarr(tmp_path / "mask.zarr", bright.astype(np.uint8), axes="yx")
    masks = [bright, stored.data[0] > 0.6, tz.open_labels(tmp_path / "mask.zarr"), lambda p: p[0] > 0.6]
    with cluster_client(workers=1) as client:
        for number, mask in enumerate(masks):
            path = tmp_path / f"{number}.zarr"
            result = tz.write_prediction(model, stored, path, mask=mask, client=client, block=200)
            assert np.array_equal(result.read_superpixels(ALL) > 0, bright)


def test_blocks_that_a_mask_array_leaves_out_are_not_read(model, stored, tmp_path):
    mask = np.zeros(stored.extent, bool)
    mask[40:90, :30] = True
    expected = tz.write_prediction(model, stored, tmp_path / "expected.zarr", mask=mask, block=24)
    tz.write_ome_zarr(tmp_path / "image.zarr", stored.data, chunks=(65, 10))
    image, chunks = tz.open_image(tmp_path / "image.zarr"), Path(tmp_path / "image.zarr")
    array = next(path.parent for path in chunks.rglob("zarr.json") if (path.parent / "c").is_dir())
    for chunk in (array / "c").rglob("*"):
        if chunk.is_file() and chunk.name == "16":  # the last column of chunks, far from the mask
            chunk.write_bytes(b"not readable")
    with pytest.raises(InputError, match="read"):
        image.data[:, :, 160:].compute()
    result = tz.write_prediction(model, image, tmp_path / "result.zarr", mask=mask, block=24)
    assert np.array_equal(result.read_classes(ALL), expected.read_classes(ALL))


def test_a_mask_with_nothing_inside_ends_in_an_empty_result(model, stored, tmp_path):
    nowhere = np.zeros(stored.extent, bool)
    result = tz.write_prediction(model, stored, tmp_path / "result.zarr", mask=nowhere, block=48)
    assert not result.read_superpixels(ALL).any()
    assert (result.read_classes(ALL) == 255).all()
    assert rows_of(result)[0].size == 0
    assert result.run["finished"] is True


@pytest.mark.parametrize("share", [0.003, 0.1])
def test_superpixels_of_single_pixels_all_have_their_row(share, model, stored, tmp_path):
    mask = np.random.default_rng(7).random(stored.extent) < share
    result = tz.write_prediction(model, stored, tmp_path / "result.zarr", mask=mask, block=48)
    ids, classes = rows_of(result)
    found = result.read_superpixels(ALL)[mask]
    assert np.array_equal(ids, np.unique(found))
    assert np.array_equal(classes[np.searchsorted(ids, found)], result.read_classes(ALL)[mask])


def test_what_is_no_mask_is_refused_before_anything_is_written(model, stored, tmp_path):
    with pytest.raises(InputError, match=r"the mask has \(9, 9\) pixels and its image \(130, 170\)"):
        tz.write_prediction(model, stored, tmp_path / "result.zarr", mask=np.ones((9, 9), bool))
    assert not (tmp_path / "result.zarr").exists()


def test_a_result_inside_its_image_or_its_mask_is_refused_and_a_result_is_no_image_of_itself(model, stored, tmp_path):
    shutil.copytree(stored.path, tmp_path / "image.zarr")
    image, before = tz.open_image(tmp_path / "image.zarr"), sorted((tmp_path / "image.zarr").rglob("*"))
    with pytest.raises(InputError, match=r"zarr' is inside its own input, '.*image\.zarr'; choose a path outside"):
        tz.write_prediction(model, image, tmp_path / "image.zarr" / "result.zarr")
    result = tz.write_prediction(model, image, tmp_path / "result.zarr", block=48)
    mask = tz.open_labels(tmp_path / "result.zarr" / "labels" / "classes")
    with pytest.raises(InputError, match=r"result\.zarr' holds its own input, '.*classes'; choose a path"):
        tz.write_prediction(model, image, tmp_path / "result.zarr", mask=mask, overwrite=True)
    assert result.run["finished"] is True
    assert sorted((tmp_path / "image.zarr").rglob("*")) == before


def test_a_volume_on_disk_is_labelled_as_the_lazy_one(volume_model, volume, ball, tmp_path):
    tz.write_ome_zarr(tmp_path / "volume.zarr", volume, axes="zyx", pixel_size=(2, 0.5, 0.5), chunks=(7, 20, 20))
    image = tz.open_image(tmp_path / "volume.zarr")
    told = []
    with telling(lambda *now: told.append(now)):
        result = tz.write_prediction(volume_model, image, tmp_path / "result.zarr", mask=ball, block=24)
    everything = (slice(None),) * 3
    assert np.array_equal(result.read_superpixels(everything) > 0, ball)
    lazy = tz.predict(volume_model, image, mask=ball, block=24).compute()
    assert np.array_equal(result.read_classes(everything), lazy)
    assert ("classes", len(result.grid), len(result.grid), volume.size) in told
    nodes = pq.read_table(Path(result.path) / "nodes")
    assert {"z", "y", "x"} <= set(nodes.column_names)
