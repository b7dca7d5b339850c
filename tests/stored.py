"""Annotated images whose graphs are on disk, and the same graphs whole: what tests of streaming compare."""

import numpy as np
from segmented import blobs, small_recipe

from terrazzo.blockwise.arrays.annotated_graph import lazy_annotated_graph
from terrazzo.blockwise.inputs.annotated_image import annotated_image
from terrazzo.blockwise.runs.write_annotated_graph import write_annotated_graph
from terrazzo.io.results.graph_parts import GraphParts
from terrazzo.training.gnn.cut_blocks import StoredGraph

CLASSES = 3


def random_annotation(shape, share, seed):
    """Stripes of classes, annotated in a share of 10 x 10 squares."""
    rng = np.random.default_rng(seed)
    squares = rng.random([-(-n // 10) for n in shape]) < share
    known = np.kron(squares, np.ones((10,) * len(shape), bool))[tuple(slice(n) for n in shape)]
    return np.where(known, np.indices(shape)[-1] // 17 % CLASSES, 255).astype(np.uint8)


def stored_graph(folder, shape=(100, 130), share=0.5, seed=0, block=24, reach=None):
    """Write the graph of an annotated image; return it with the whole graph and its targets."""
    recipe = small_recipe(size=(6, 6) if len(shape) == 2 else (4, 6, 6))
    truth = random_annotation(shape, share, seed)
    whole = annotated_image(blobs(shape, seed=seed), truth, recipe=recipe, classes=CLASSES, block=block)
    wanted = whole if reach is None else whole.near_annotation(reach)
    blocks, parts = (
        GraphParts(str(folder / kind), recipe.node_columns, recipe.edge_columns) for kind in ("blocks", "parts")
    )
    blocks.make()
    parts.make()
    stored = StoredGraph(blocks, parts, whole.grid, recipe, write_annotated_graph(wanted, blocks))
    return stored, *lazy_annotated_graph(whole).compute()
