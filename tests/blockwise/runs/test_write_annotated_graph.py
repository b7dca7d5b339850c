import dask.array as da
import numpy as np
import pytest
from segmented import small_recipe

import terrazzo as tz
from terrazzo.blockwise.arrays.annotated_graph import lazy_annotated_graph
from terrazzo.blockwise.inputs.annotated_image import annotated_image
from terrazzo.blockwise.runs.write_annotated_graph import write_annotated_graph
from terrazzo.io.results.graph_parts import GraphParts
from terrazzo.regions.graphs.merge import merge, merge_targets

RECIPE = small_recipe()


@pytest.mark.parametrize("source", ["array", "file"])
@pytest.mark.parametrize("mask", [None, "array", "function"])
def test_what_is_written_is_the_lazy_graph_and_its_targets(source, mask, pixels, stored, annotation, disc, tmp_path):
    annotation[:, 90:] = 255
    given = {None: None, "array": disc, "function": lambda window: window[0] > 0.4}[mask]
    image = pixels if source == "array" else stored
    annotated = annotated_image(image, annotation, recipe=RECIPE, classes=3, mask=given, block=24).near_annotation(5)
    parts = GraphParts(str(tmp_path / "parts"), RECIPE.node_columns, RECIPE.edge_columns)
    parts.make()
    tiles = write_annotated_graph(annotated, parts)
    assert tuple(tiles) == annotated.blocks
    graphs, counts = zip(*(parts.read(block.name) for block in annotated.blocks), strict=True)
    expected, targets = lazy_annotated_graph(annotated).compute()
    assert merge(graphs, RECIPE.node_columns, RECIPE.edge_columns).equals(expected)
    assert np.array_equal(merge_targets(graphs, counts), targets.counts)
    summed = sum(table.counts.sum(axis=0) for table in tiles.values())
    assert np.array_equal(summed, targets.counts.sum(axis=0))
    for block, table in tiles.items():
        assert (table.start >= block.cells.start).all()
        assert (table.start < block.cells.stop).all()


def test_the_same_bits_are_written_for_any_chunks(pixels, annotation, tmp_path):
    found = []
    for chunks in (64, 41):
        image = da.from_array(pixels, chunks=(1, chunks, chunks))
        annotated = annotated_image(image, annotation, recipe=tz.Recipe(1), classes=3, block=64)
        parts = GraphParts(str(tmp_path / str(chunks)), annotated.recipe.node_columns, annotated.recipe.edge_columns)
        parts.make()
        write_annotated_graph(annotated, parts)
        graphs = [parts.read(block.name)[0] for block in annotated.blocks]
        found.append(merge(graphs, parts.node_columns, parts.edge_columns))
    assert found[0].equals(found[1])
