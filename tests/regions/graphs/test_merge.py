from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from segmented import blobs, graph_of, grid_of, segment, small_recipe

from terrazzo.regions.graphs.block_graph import BlockGraph
from terrazzo.regions.graphs.merge import merge, merge_targets

IMAGE, RECIPE = blobs((40, 50), seed=4), small_recipe()
GRID = grid_of((40, 50), block_cells=(3, 3))
FOUND = segment(IMAGE, GRID, RECIPE)
PARTS = [graph for _, graph in FOUND.values()]
NOTHING = BlockGraph(
    PARTS[0].ids[:0],
    PARTS[0].positions[:0],
    PARTS[0].areas[:0],
    PARTS[0].node_features[:0],
    PARTS[0].edges[:, :0],
    PARTS[0].edge_features[:0],
)


def merged(parts):
    return merge(parts, RECIPE.node_columns, RECIPE.edge_columns)


@given(st.permutations(PARTS))
def test_the_graph_does_not_depend_on_the_order_of_its_parts(parts):
    assert merged(parts).equals(graph_of(FOUND, RECIPE))


def test_nodes_stand_by_id_and_edges_by_low_and_high():
    graph = merged(PARTS)
    assert (np.diff(graph.ids.astype(int)) > 0).all()
    assert sorted(graph.edge_index.T.tolist()) == graph.edge_index.T.tolist()
    assert graph.number_of_nodes == sum(part.ids.size for part in PARTS)
    assert graph.number_of_edges == sum(part.edges.shape[1] for part in PARTS)


@given(st.lists(st.sampled_from(range(len(PARTS))), min_size=1, unique=True))
def test_the_parts_of_a_few_blocks_are_the_subgraph_of_their_nodes(chosen):
    parts, whole = [PARTS[i] for i in chosen], merged(PARTS)
    owned = np.concatenate([part.ids for part in parts])
    assert merged(parts).equals(whole.subgraph(np.searchsorted(whole.ids, owned)))


def test_parts_that_own_nothing_add_nothing():
    assert merged([NOTHING, *PARTS, NOTHING]).equals(merged(PARTS))
    targets = merge_targets(
        [PARTS[0], NOTHING], [np.ones((PARTS[0].ids.size, 2), np.uint32), np.ones((0, 2), np.uint32)]
    )
    assert targets.shape == (PARTS[0].ids.size, 2)


@pytest.mark.parametrize("axes", [2, 3])
def test_parts_that_all_own_nothing_are_a_graph_without_nodes(axes):
    nothing = replace(NOTHING, positions=np.empty((0, axes)))
    graph = merged([nothing, nothing])
    assert graph.number_of_nodes == graph.number_of_edges == 0
    assert graph.positions.shape == (0, axes)
    assert graph.ids.dtype == np.uint32
    assert graph.ring([], 3).size == 0
    assert graph.subgraph([]).equals(graph)


@given(st.permutations(range(len(PARTS))))
def test_targets_follow_the_nodes(order):
    counts = [np.stack([part.ids, part.areas], axis=1).astype(np.uint32) for part in PARTS]
    targets = merge_targets([PARTS[i] for i in order], [counts[i] for i in order])
    graph = merged(PARTS)
    assert targets.dtype == np.uint32
    assert np.array_equal(targets, np.stack([graph.ids, graph.areas], axis=1))
