"""A block with its ring gets the logits of the whole graph (C7), over random graphs, depths and blocks."""

from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lattice_labels import random_labels
from segmented import blobs, grid_of, small_recipe
from untrained import untrained_model

from terrazzo.models.gnn.classify_block import classify_nodes
from terrazzo.models.messages.backends import why_dgl_cannot
from terrazzo.regions.graphs.block_graph import block_graph, graph_window
from terrazzo.regions.graphs.merge import merge
from terrazzo.regions.statistics.features import AREA, INTENSITY
from terrazzo.regions.superpixels.block_labels import BlockLabels

SIZES = {2: (3, 4), 3: (2, 3, 3)}
MOST_PIXELS = {2: 44, 3: 14}
BACKENDS = [
    pytest.param("dgl", marks=pytest.mark.skipif(why_dgl_cannot("cpu") is not None, reason=f"{why_dgl_cannot('cpu')}")),
    "torch",
]


@st.composite
def cut_graphs(draw, axes):
    """A grid and what each block owns of a random graph: any nodes, with edges as far as a lattice allows."""
    shape = draw(st.tuples(*(st.integers(2, MOST_PIXELS[axes]) for _ in range(axes))))
    grid = grid_of(shape, SIZES[axes], draw(st.tuples(*(st.integers(1, 7) for _ in range(axes)))))
    seed, empty = draw(st.integers(0, 2**32 - 1)), draw(st.sampled_from([0.0, 0.5, 0.97]))
    labels, image = random_labels(grid.lattice, seed=seed, empty=empty), blobs(shape, seed=seed)
    features, found = (AREA, INTENSITY), {}
    for block in grid:
        window, box = graph_window(block, features).slices, block.pixels(1)
        around = BlockLabels(box, labels[box.slices], 0)
        owned = block_graph(image[(slice(None), *window)], graph_window(block, features), around, block, features)
        found[block.index] = owned
    return grid, found


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("axes", [2, 3])
@settings(max_examples=15, deadline=None)
@given(st.data(), st.integers(0, 3), st.integers(0, 2), st.integers(0, 99))
def test_a_block_with_what_is_near_gets_the_logits_of_the_whole_graph(axes, backend, data, levels, finest, seed):
    grid, found = data.draw(cut_graphs(axes))
    recipe = small_recipe(size=SIZES[axes], features=(AREA, INTENSITY))
    model = untrained_model(recipe, settings={"levels": levels, "finest": finest}, seed=seed)
    graph = merge(list(found.values()), recipe.node_columns, recipe.edge_columns)
    whole = model.logits(graph, backend=backend)
    answered = []
    for block in grid:
        near = [found[other.index] for other in grid.neighbours(block, model.reach)]
        nodes = classify_nodes(block, near, recipe, model.reach, partial(model.logits, backend=backend))
        rows = np.searchsorted(graph.ids, nodes.ids)
        assert np.allclose(nodes.probabilities, whole[rows], rtol=0, atol=1e-4)
        assert np.isin(found[block.index].ids, nodes.ids).all()
        answered.append(found[block.index].ids)
    assert np.array_equal(np.sort(np.concatenate(answered)), graph.ids)
