import numpy as np
import pytest
from segmented import blobs, grid_of, segment, small_recipe

from terrazzo.errors import InputError
from terrazzo.io.results.graph_parts import GraphParts

RECIPE = small_recipe()


def test_a_graph_and_its_targets_come_back_as_they_were_written(tmp_path):
    parts = GraphParts(str(tmp_path / "parts"), RECIPE.node_columns, RECIPE.edge_columns)
    parts.make()
    grid = grid_of((60, 70))
    for block, (_, graph) in zip(grid, segment(blobs(), grid, RECIPE).values(), strict=True):
        counts = np.arange(3 * len(graph.ids), dtype=np.uint32).reshape(-1, 3)
        parts.write(block.name, graph, counts)
        read, same = parts.read(block.name)
        assert same.dtype == np.uint32
        assert np.array_equal(same, counts)
        for name in ("ids", "positions", "areas", "node_features", "edges", "edge_features"):
            assert np.array_equal(getattr(read, name), getattr(graph, name))


def test_a_folder_that_cannot_be_made_is_an_input_error(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(InputError, match="graphs cannot be written to"):
        GraphParts(str(tmp_path / "file" / "parts"), (), ()).make()
