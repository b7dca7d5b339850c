import dask.array as da
import numpy as np
import pytest
from segmented import blobs, grid_of, segment, small_recipe
from untrained import nested_model

import terrazzo as tz
from terrazzo.models.nested.embed_block import Reach, embedded_block
from terrazzo.models.nested.model import NESTED_FEATURES, channel_columns

SHAPE = (150, 126)
IMAGE = blobs(SHAPE, channels=4)


def embedded(model, grid, parts, block):
    near = [parts[other.index] for other in grid.neighbours(block, Reach(model.settings, len(grid.shape)).cells)]
    columns = channel_columns(model.recipe)
    return embedded_block(block, near, model.network, model.scaling, columns, model.clusters, model.recipe)


def graphs_of(image, grid, recipe):
    return {index: graph for index, (_, graph) in segment(image, grid, recipe).items()}


@pytest.mark.parametrize("nearest", [0, 9])
@pytest.mark.parametrize("block_cells", [(4, 4), (8, 4)])
def test_a_block_embeds_its_superpixels_as_the_whole_image_does(nearest, block_cells):
    model = nested_model(nearest=nearest)
    whole, cut = grid_of(SHAPE, block_cells=(100, 100)), grid_of(SHAPE, block_cells=block_cells)
    (all_nodes,) = graphs_of(IMAGE, whole, model.recipe).values()
    expected = embedded(model, whole, {(0, 0): all_nodes}, whole[0, 0])
    parts = graphs_of(IMAGE, cut, model.recipe)
    for block in cut:
        found = embedded(model, cut, parts, block)
        probabilities, embeddings = expected.of(found.classes.ids)
        assert np.allclose(found.embeddings, embeddings, rtol=1e-5, atol=1e-5)
        assert np.allclose(found.classes.probabilities, probabilities, atol=1e-4)
        assert np.isin(parts[block.index].ids, found.classes.ids).all()
    assert len(np.unique(expected.classes.classes)) >= 2


@pytest.mark.parametrize("missing", [1, 0])
def test_what_is_farther_away_has_no_say_and_what_is_nearer_has(missing):
    """Rows from beyond the reach are put out of joint; with the whole reach nothing changes."""
    model = nested_model(region=4)
    grid = grid_of(SHAPE, block_cells=(4, 4))
    parts = graphs_of(IMAGE, grid, model.recipe)
    block = grid[2, 2]
    before = embedded(model, grid, parts, block).embeddings
    reach = Reach(model.settings, 2).cells if missing else 2
    near = block.cells_with(reach)
    for other in grid:
        graph = parts[other.index]
        cells = grid.lattice.cells_of(graph.ids)
        outside = ~((cells >= near.start) & (cells < near.stop)).all(axis=1)
        graph.node_features[outside] *= -7
    assert np.array_equal(embedded(model, grid, parts, block).embeddings, before) == bool(missing)


def test_predictions_are_the_same_bits_in_any_chunks_and_the_same_classes_in_any_blocks(tmp_path):
    model = nested_model()
    expected = tz.predict(model, IMAGE, block=400).compute()
    for block, chunks in ((48, (4, 50, 37)), (72, (1, 150, 126))):
        found = tz.predict(model, da.from_array(IMAGE, chunks=chunks), block=block).compute()
        assert np.array_equal(found, expected)
    tz.write_ome_zarr(tmp_path / "image.zarr", IMAGE, chunks=(60, 50))
    result = tz.write_prediction(model, tz.open_image(tmp_path / "image.zarr"), tmp_path / "r.zarr", block=48)
    assert np.array_equal(result.read_classes((slice(None), slice(None))), expected)
    nodes = result.nodes.compute()
    assert {f"embedding_{number}" for number in range(6)} <= set(nodes.columns)
    grid = grid_of(SHAPE, block_cells=(100, 100))
    whole = embedded(model, grid, graphs_of(IMAGE, grid, model.recipe), grid[0, 0])
    table = nodes.sort_values("id")
    columns = [f"embedding_{number}" for number in range(6)]
    assert np.allclose(table[columns], whole.of(table["id"].to_numpy())[1], atol=1e-5)
    assert np.array_equal(table["class"], whole.of(table["id"].to_numpy())[0].argmax(axis=1))


def test_outside_a_mask_there_is_no_domain_and_the_rest_goes_without_it():
    mask = np.indices(SHAPE)[1] < 60
    found = tz.predict(nested_model(), IMAGE, mask=mask, block=72).compute()
    assert (found[~mask] == 255).all()
    assert (found[mask] < 3).all()


def test_a_volume_is_embedded_too():
    model = nested_model(small_recipe(4, size=(2, 6, 6), features=NESTED_FEATURES), region=2)
    volume = blobs((12, 40, 44), channels=4)
    expected = tz.predict(model, volume, block=400).compute()
    assert np.array_equal(tz.predict(model, volume, block=24).compute(), expected)


def test_a_file_of_it_opens_as_what_was_written(tmp_path):
    model = nested_model()
    opened = tz.open_model(tz.write_model(model, tmp_path / "m.safetensors"))
    assert isinstance(opened, tz.NestedModel)
    assert opened.fingerprint() == model.fingerprint()
    assert opened.settings == model.settings
    assert "nested graphs" in repr(opened)
    assert np.array_equal(tz.predict(opened, IMAGE).compute(), tz.predict(model, IMAGE).compute())


def test_clusters_that_do_not_fit_are_refused():
    model = nested_model()
    tensors = {name: t if name != "clusters.root" else t[:1] for name, t in model.tensors().items()}
    header = model.header() | {"class_names": model.class_names, "colours": model.colours, "pixel_size": None}
    header |= {"fitted": {}, "node_columns": list(model.recipe.node_columns)}
    with pytest.raises(tz.TerrazzoError, match="root of the clusters has the shape"):
        tz.NestedModel.restored(header, tensors)
