import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lattice_labels import random_labels
from segmented import blobs, graph_of, grid_of, labels_of, segment, small_recipe
from untrained import undirected_model, untrained_model

from terrazzo.models.gnn.classify_block import classify_nodes
from terrazzo.models.passes.node_classes import NodeClasses, paint_classes, paint_probabilities
from terrazzo.regions.graphs.block_graph import block_graph, graph_window
from terrazzo.regions.superpixels.block_labels import BlockLabels

RECIPE = small_recipe(size=(4, 5))
VOLUMES = small_recipe(size=(2, 4, 3))
SECTIONS = small_recipe(size=(1, 4, 3))


def classified(model, block, parts):
    return classify_nodes(block, parts, model.recipe, model.reach, model.class_probabilities)


def near_parts(found, grid, block, cells):
    return [found[other.index][1] for other in grid.neighbours(block, cells)]


@pytest.mark.parametrize("aggregation", ["mean", "attention"])
def test_a_network_of_before_answers_block_by_block_as_on_the_whole_graph(aggregation):
    grid, model = grid_of((40, 45), (4, 5), (3, 4)), undirected_model(aggregation, RECIPE, layers=1)
    found = segment(blobs((40, 45)), grid, RECIPE)
    graph = graph_of(found, RECIPE)
    whole = model.class_probabilities(graph)
    for block in grid:
        nodes = classified(model, block, near_parts(found, grid, block, model.reach))
        assert np.allclose(nodes.probabilities, whole[np.searchsorted(graph.ids, nodes.ids)], atol=1e-4)


@settings(max_examples=8)
@given(
    shape=st.tuples(st.integers(5, 50), st.integers(5, 50)),
    block_cells=st.tuples(st.integers(3, 6), st.integers(3, 6)),
    levels=st.integers(0, 2),
    steps=st.integers(0, 2),
    seed=st.integers(0, 99),
)
def test_a_block_with_what_is_near_gets_the_probabilities_of_the_whole_graph(shape, block_cells, levels, steps, seed):
    chosen = {"levels": levels, "crf_steps": steps}
    grid, model = grid_of(shape, (4, 5), block_cells), untrained_model(RECIPE, settings=chosen)
    found = segment(blobs(shape, seed=seed), grid, RECIPE)
    graph = graph_of(found, RECIPE)
    whole = model.class_probabilities(graph)
    for block in grid:
        nodes = classified(model, block, near_parts(found, grid, block, model.reach))
        rows = np.searchsorted(graph.ids, nodes.ids)
        assert np.array_equal(graph.ids[rows], nodes.ids)
        assert np.allclose(nodes.probabilities, whole[rows], atol=1e-4)


def labelled_volume(shape, block_cells, empty=0.1, recipe=VOLUMES):
    """Return a grid, the labels of a volume and what each block owns of them, as `segment` does."""
    grid, image = grid_of(shape, recipe.superpixels.size, block_cells), blobs(shape)
    if recipe is SECTIONS:
        found = segment(image, grid, recipe)
        return grid, labels_of(found, grid), found
    labels, found = random_labels(grid.lattice, empty=empty), {}
    for block in grid:
        window, box = graph_window(block, VOLUMES.features), block.pixels(1)
        around = BlockLabels(box, labels[box.slices], 0)
        cut = image[(slice(None), *window.slices)]
        found[block.index] = around, block_graph(cut, window, around, block, VOLUMES.features)
    return grid, labels, found


def volume_model(levels, recipe=VOLUMES):
    chosen = {"levels": levels, "pool_sections": recipe is VOLUMES, "crf_steps": levels}
    return untrained_model(recipe, settings=chosen)


@pytest.mark.parametrize("block_cells", [(1, 2, 2), (2, 3, 4), (40, 40, 40)])
@pytest.mark.parametrize(("levels", "recipe"), [(0, VOLUMES), (1, VOLUMES), (1, SECTIONS)])
def test_a_block_of_a_volume_is_classified_and_painted_as_in_the_whole_volume(block_cells, levels, recipe):
    grid, labels, found = labelled_volume((8, 21, 25), block_cells, recipe=recipe)
    graph, model = graph_of(found, recipe), volume_model(levels, recipe)
    whole = model.class_probabilities(graph)
    classes = np.append(whole.argmax(axis=1), 255).astype(np.uint8)
    expected = classes[np.where(labels > 0, np.searchsorted(graph.ids, labels), -1)]
    assert np.unique(expected).size > 1
    painted = np.full(labels.shape, 99, np.uint8)
    for block in grid:
        nodes = classified(model, block, near_parts(found, grid, block, model.reach))
        assert np.allclose(nodes.probabilities, whole[np.searchsorted(graph.ids, nodes.ids)], atol=1e-4)
        painted[block.core.slices] = paint_classes(labels[block.core.slices], block, nodes)
    assert np.array_equal(painted, expected)


def test_blocks_without_any_superpixel_are_painted_255():
    model = volume_model(1)
    grid, labels, found = labelled_volume((8, 21, 25), (2, 3, 4), empty=1)
    for block in grid:
        nodes = classified(model, block, near_parts(found, grid, block, model.reach))
        assert nodes.probabilities.shape == (0, 3)
        assert (paint_classes(labels[block.core.slices], block, nodes) == 255).all()


def test_a_block_that_sees_too_few_cells_gets_other_probabilities():
    grid, model = grid_of((60, 75), (4, 5), (2, 2)), untrained_model(RECIPE)
    found, block = segment(blobs((60, 75)), grid, RECIPE), grid[3, 3]
    right = classified(model, block, near_parts(found, grid, block, model.reach))
    short = classified(model, block, near_parts(found, grid, block, 1))
    assert np.array_equal(right.ids, short.ids)
    assert not np.allclose(right.probabilities, short.probabilities, atol=1e-4)


@pytest.mark.parametrize("block_cells", [(1, 1), (2, 3), (40, 40)])
def test_painted_blocks_are_the_classes_of_the_whole_image(block_cells):
    shape = (23, 34)
    grid, model = grid_of(shape, (4, 5), block_cells), untrained_model(RECIPE, settings={"levels": 0})
    found = segment(blobs(shape, seed=8), grid, RECIPE)
    graph, labels = graph_of(found, RECIPE), labels_of(found, grid)
    classes = model.class_probabilities(graph).argmax(axis=1)
    expected = classes[np.searchsorted(graph.ids, labels)]
    assert len(np.unique(expected)) > 1
    painted = np.full(shape, 99, np.uint8)
    for block in grid:
        nodes = classified(model, block, near_parts(found, grid, block, model.reach))
        painted[block.core.slices] = paint_classes(found[block.index][0].cut(block.core), block, nodes)
    assert np.array_equal(painted, expected)


def test_a_pixel_without_a_superpixel_is_painted_255():
    block = grid_of((8, 8), (4, 4), (2, 2))[0, 0]
    ids = np.zeros((8, 8), np.uint32)
    ids[:4, :4] = 1
    painted = paint_classes(ids, block, NodeClasses(np.array([1], np.uint32), np.array([[0.2, 0.8]], np.float32)))
    assert (painted[:4, :4] == 1).all()
    assert (painted[4:] == 255).all()


def test_probabilities_are_painted_in_8_bits_class_by_class():
    block = grid_of((8, 8), (4, 4), (2, 2))[0, 0]
    ids = np.repeat(np.repeat(np.array([[1, 2], [3, 0]], np.uint32), 4, axis=0), 4, axis=1)
    probabilities = np.array([[0.2, 0.8], [1, 0], [0.001, 0.999]], np.float32)
    painted = list(paint_probabilities(ids, block, NodeClasses(np.array([1, 2, 3], np.uint32), probabilities)))
    assert [plane[::4, ::4].tolist() for plane in painted] == [[[51, 255], [0, 0]], [[204, 0], [255, 0]]]
    assert painted[0].dtype == np.uint8


def test_the_most_probable_class_wins_and_ties_go_to_the_lowest():
    probabilities = np.array([[0.2, 0.5, 0.3], [0.4, 0.4, 0.2]], np.float32)
    assert NodeClasses(np.array([1, 2], np.uint32), probabilities).classes.tolist() == [1, 0]


def test_ids_beyond_32_bits_are_painted():
    grid = grid_of((2**17, 2**18), (2, 2), (1, 4))
    block = grid[2**16 - 1, 2**15 - 1]
    ids = np.arange(4, dtype=np.uint64) + grid.lattice.id_of(block.cells.start)
    assert ids[0] > 2**32
    nodes = NodeClasses(ids, np.eye(4, dtype=np.float32))
    painted = paint_classes(ids.repeat(2)[None].repeat(2, axis=0), block, nodes)
    assert painted.tolist() == [[0, 0, 1, 1, 2, 2, 3, 3]] * 2
