import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from segmented import blobs, graph_of, grid_of, labels_of, segment, small_recipe
from untrained import untrained_model

from terrazzo.models.classify_block import NodeClasses, cells_needed, classify_nodes, paint_classes

RECIPE = small_recipe(size=(4, 5))


def near_parts(found, grid, block, cells):
    return [found[other.index][1] for other in grid.neighbours(block, cells)]


@pytest.mark.parametrize("aggregation", ["mean", "attention"])
@settings(max_examples=8)
@given(
    shape=st.tuples(st.integers(5, 50), st.integers(5, 50)),
    block_cells=st.tuples(st.integers(3, 6), st.integers(3, 6)),
    layers=st.integers(0, 4),
    seed=st.integers(0, 99),
)
def test_a_block_with_its_ring_gets_the_probabilities_of_the_whole_graph(aggregation, shape, block_cells, layers, seed):
    grid, model = grid_of(shape, (4, 5), block_cells), untrained_model(RECIPE, layers=layers, aggregation=aggregation)
    found = segment(blobs(shape, seed=seed), grid, RECIPE)
    graph = graph_of(found, RECIPE)
    whole = model.class_probabilities(graph)
    for block in grid:
        nodes = classify_nodes(model, block, near_parts(found, grid, block, cells_needed(layers)))
        rows = np.searchsorted(graph.ids, nodes.ids)
        assert np.array_equal(graph.ids[rows], nodes.ids)
        assert np.allclose(nodes.probabilities, whole[rows], atol=1e-4)


def test_a_block_that_sees_too_few_cells_gets_other_probabilities():
    grid, model = grid_of((60, 75), (4, 5), (2, 2)), untrained_model(RECIPE, layers=4)
    found, block = segment(blobs((60, 75)), grid, RECIPE), grid[3, 3]
    right = classify_nodes(model, block, near_parts(found, grid, block, cells_needed(4)))
    short = classify_nodes(model, block, near_parts(found, grid, block, 1))
    assert np.array_equal(right.ids, short.ids)
    assert not np.allclose(right.probabilities, short.probabilities, atol=1e-4)


@pytest.mark.parametrize("block_cells", [(1, 1), (2, 3), (40, 40)])
def test_painted_blocks_are_the_classes_of_the_whole_image(block_cells):
    shape = (23, 34)
    grid, model = grid_of(shape, (4, 5), block_cells), untrained_model(RECIPE, layers=1)
    found = segment(blobs(shape, seed=8), grid, RECIPE)
    graph, labels = graph_of(found, RECIPE), labels_of(found, grid)
    classes = model.class_probabilities(graph).argmax(axis=1)
    expected = classes[np.searchsorted(graph.ids, labels)]
    assert len(np.unique(expected)) > 1
    painted = np.full(shape, 99, np.uint8)
    for block in grid:
        nodes = classify_nodes(model, block, near_parts(found, grid, block, cells_needed(1)))
        painted[block.core.slices] = paint_classes(found[block.index][0].cut(block.core), block, nodes)
    assert np.array_equal(painted, expected)


def test_a_pixel_without_a_superpixel_is_painted_255():
    block = grid_of((8, 8), (4, 4), (2, 2))[0, 0]
    ids = np.zeros((8, 8), np.uint32)
    ids[:4, :4] = 1
    painted = paint_classes(ids, block, NodeClasses(np.array([1], np.uint32), np.array([[0.2, 0.8]], np.float32)))
    assert (painted[:4, :4] == 1).all()
    assert (painted[4:] == 255).all()


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
