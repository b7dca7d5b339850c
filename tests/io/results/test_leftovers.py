from pathlib import Path

import pytest
from segmented import blobs, grid_of, segment, small_recipe
from written import write_segments

from terrazzo.io.results.leftovers import remove_partial_files
from terrazzo.io.results.new_result import create_result

SHAPE = (60, 70)
RECIPE, GRID = small_recipe(), grid_of(SHAPE)


@pytest.fixture
def result(tmp_path):
    """A result with one finished block of the first pass: the first."""
    result = create_result(
        tmp_path / "result.zarr",
        GRID,
        node_columns=RECIPE.node_columns,
        edge_columns=RECIPE.edge_columns,
        class_names=("a", "b"),
        colours=("#000000", "#ffffff"),
        pixel_size=None,
        made_from={},
        probabilities=True,
    )
    block = GRID[(0, 0)]
    labels, graph = segment(blobs(SHAPE), GRID, RECIPE)[block.index]
    write_segments(result, block, labels.cut(block.core), graph)
    return result


@pytest.mark.parametrize(
    "name",
    [
        ".run.json.partial",
        "nodes/.1-1.parquet.0a.partial",
        "edges/.0-1.parquet.0a.partial",
        "rows/.0-1.safetensors.0a.partial",
        "labels/superpixels/0/c/9/5.0a.partial",
        "labels/superpixels/0/c/0/0.0a.partial",
        "labels/classes/0/c/0/0.0a.partial",
        "labels/superpixels/2/c/2/2.0a.partial",
        "labels/classes/3/c/1/1.0a.partial",
        "probabilities/1/c/1/4/4.0a.partial",
        "probabilities/4/c/0/0/0.0a.partial",
    ],
)
def test_what_is_half_written_is_removed_and_the_rest_stays(result, name):
    before = {path for path in Path(result.path).rglob("*") if path.is_file()}
    file = Path(result.path) / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("half")
    remove_partial_files(result)
    assert {path for path in Path(result.path).rglob("*") if path.is_file()} == before


def test_a_run_that_was_killed_while_it_replaced_another_leaves_nothing(result):
    (Path(result.path).parent / ".result.zarr.replaced" / "nodes").mkdir(parents=True)
    remove_partial_files(result)
    assert [path.name for path in Path(result.path).parent.iterdir()] == ["result.zarr"]
