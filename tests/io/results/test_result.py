import json
import shutil
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import zarr
from notebook_tables import shown
from segmented import blobs, grid_of, segment, small_recipe
from written import finish, write_classes, write_levels, write_pixel_classes, write_segments

from terrazzo.blocks import BlockGrid
from terrazzo.errors import InputError, ParameterError
from terrazzo.io.images.open_image import open_labels
from terrazzo.io.results import result as result_view
from terrazzo.io.results.new_result import check_writable, create_result
from terrazzo.io.results.result import open_result
from terrazzo.io.results.result_writer import ResultWriter
from terrazzo.lattice import Lattice
from terrazzo.regions.graphs.block_graph import BlockGraph

SHAPE = (60, 70)
GRID, RECIPE = grid_of(SHAPE, block_cells=(4, 8)), small_recipe()
NAMES, COLOURS = ("ground", "water"), ("#0a141e", "#ff00ff")


def make(path, **others):
    settings = {
        "node_columns": RECIPE.node_columns,
        "edge_columns": RECIPE.edge_columns,
        "class_names": NAMES,
        "colours": COLOURS,
        "pixel_size": (0.5, 0.25),
        "pixel_unit": "micrometer",
        "made_from": {"image": "image.tif"},
    }
    return create_result(path, GRID, **settings | others)


VOLUME = BlockGrid(Lattice((20, 50, 40), (2, 6, 6)), (4, 4, 4))


@pytest.fixture
def volume(tmp_path):
    made_from = {"image": "volume.zarr"}
    return create_result(
        tmp_path / "volume.zarr",
        VOLUME,
        node_columns=("mean",),
        edge_columns=("boundary_area",),
        class_names=NAMES,
        colours=COLOURS,
        pixel_size=(40.0, 4.0, 5.0),
        pixel_unit="nanometer",
        made_from=made_from,
    )


@pytest.fixture
def result(tmp_path):
    return make(tmp_path / "result.zarr")


def test_a_result_is_an_ome_zarr_group_with_two_label_images(result):
    group = zarr.open_group(result.path, mode="r")
    assert group.metadata.zarr_format == 3
    assert group["labels"].attrs["ome"] == {"version": "0.5", "labels": ["superpixels", "classes"]}
    for name, dtype in (("superpixels", np.uint32), ("classes", np.uint8)):
        array = group["labels"][name]["0"]
        assert (array.shape, array.dtype, array.chunks) == (SHAPE, dtype, GRID.storage_chunk)
        assert array.metadata.dimension_names == ("y", "x")


@pytest.mark.parametrize("name", ["superpixels", "classes"])
def test_a_label_image_has_the_metadata_of_ome_ngff_0_5(result, name):
    ome = zarr.open_group(result.path, path=f"labels/{name}", mode="r").attrs["ome"]
    assert ome["version"] == "0.5"
    (multiscale,) = ome["multiscales"]
    assert multiscale["axes"] == [{"name": a, "type": "space", "unit": "micrometer"} for a in "yx"]
    level = multiscale["datasets"][0]
    assert level == {"path": "0", "coordinateTransformations": [{"type": "scale", "scale": [0.5, 0.25]}]}
    assert "image-label" in ome


def test_classes_have_their_names_and_colours(result):
    label = zarr.open_group(result.path, path="labels/classes", mode="r").attrs["ome"]["image-label"]
    assert label["colors"] == [
        {"label-value": 0, "rgba": [10, 20, 30, 255]},
        {"label-value": 1, "rgba": [255, 0, 255, 255]},
        {"label-value": 255, "rgba": [0, 0, 0, 0]},
    ]
    assert label["properties"] == [
        {"label-value": 0, "class": "ground"},
        {"label-value": 1, "class": "water"},
        {"label-value": 255, "class": "no class"},
    ]


def test_without_a_pixel_size_there_is_no_unit(tmp_path):
    path = make(tmp_path / "result.zarr", pixel_size=None).path
    (multiscale,) = zarr.open_group(path, path="labels/classes", mode="r").attrs["ome"]["multiscales"]
    assert multiscale["axes"] == [{"name": a, "type": "space"} for a in "yx"]
    assert multiscale["datasets"][0]["coordinateTransformations"] == [{"type": "scale", "scale": [1.0, 1.0]}]


def test_what_blocks_write_is_read_again(result):
    found = segment(blobs(SHAPE), GRID, RECIPE)
    ids, classes = np.zeros(SHAPE, np.uint32), np.zeros(SHAPE, np.uint8)
    for block in GRID:
        labels, graph = found[block.index]
        ids[block.core.slices] = labels.cut(block.core)
        classes[block.core.slices] = sum(block.index)
        write_segments(result, block, ids[block.core.slices], graph)
        probabilities = np.full((graph.ids.size, 2), 0.5, np.float32)
        write_classes(result, block, classes[block.core.slices], graph, probabilities)
    read = open_result(result.path)
    assert np.array_equal(read.read_superpixels((slice(None), slice(None))), ids)
    assert np.array_equal(read.read_classes((slice(5, 50), slice(3, 60))), classes[5:50, 3:60])
    for block in GRID:
        again, graph = read.read_graph(block), found[block.index][1]
        assert np.array_equal(again.ids, graph.ids)
        assert np.array_equal(again.node_features, graph.node_features)
        assert np.array_equal(again.edges, graph.edges)


def test_a_finished_block_is_marked_with_its_counts_and_is_not_written_again(result):
    block, found = GRID[(0, 1)], segment(blobs(SHAPE), GRID, RECIPE)
    labels, graph = found[block.index]
    ids, classes = labels.cut(block.core), np.ones(block.core.shape, np.uint8)
    write_segments(result, block, ids, graph, unadopted=3)
    assert result.finished("superpixels") == {(0, 1): (graph.ids.size, graph.edges.shape[1], 3)}
    assert result.finished("classes") == {}
    write_classes(result, block, classes, graph, np.full((graph.ids.size, 2), 0.5, np.float32))
    assert result.finished("classes") == {(0, 1): ()}
    # the task of a worker that was thought lost comes last
    write_segments(result, block, ids + 1, graph, unadopted=3)
    write_classes(result, block, classes + 1, graph, np.full((graph.ids.size, 2), 0.1, np.float32))
    assert np.array_equal(result.read_superpixels(block.core.slices), ids)
    assert np.array_equal(result.read_classes(block.core.slices), classes)
    assert "class" in pq.read_schema(f"{result.path}/nodes/0-1.parquet").names


def test_a_task_of_an_earlier_run_writes_nothing_into_a_new_one(result):
    block = GRID[(0, 0)]
    labels, graph = segment(blobs(SHAPE), GRID, RECIPE)[block.index]
    make(result.path, overwrite=True)
    with pytest.raises(InputError, match="was begun anew by another run meanwhile; this one ends here"):
        write_segments(result, block, labels.cut(block.core), graph)
    assert not open_result(result.path).read_superpixels(block.core.slices).any()


def test_each_block_has_its_part_of_the_tables_written_once_all_of_it_is_known(result):
    path, found = Path(result.path), segment(blobs(SHAPE), GRID, RECIPE)
    every = [f"{i}-{j}" for i, j in np.ndindex(*GRID.shape)]

    def stems(folder):
        return sorted(file.stem for file in (path / folder).iterdir())

    for block in GRID:
        labels, graph = found[block.index]
        write_segments(result, block, labels.cut(block.core), graph)
    assert (stems("nodes"), stems("edges"), stems("rows")) == ([], every, every)
    for block in GRID:
        graph = found[block.index][1]
        read = ResultWriter(result).read("rows", block)
        for name, array in vars(graph).items():
            assert getattr(read, name).dtype == array.dtype
            assert np.array_equal(getattr(read, name), array)
        probabilities = np.full((graph.ids.size, 2), 0.5, np.float32)
        write_classes(result, block, np.zeros(block.core.shape, np.uint8), read, probabilities)
    assert (stems("nodes"), stems("edges"), stems("rows")) == (every, every, every)
    finish(result, {})
    assert not (path / "rows").exists()
    finish(result, {})  # as a run does that was killed before it had noted that it was at its end


def test_where_no_later_pass_knows_more_of_nodes_their_table_is_written_with_them(tmp_path):
    block, passes = GRID[(0, 0)], {"superpixels": ("labels", "rows"), "classes": ("classes",)}
    labels, graph = segment(blobs(SHAPE), GRID, RECIPE)[block.index]
    for name, given in (("only.zarr", {"superpixels": passes["superpixels"]}), ("first.zarr", passes)):
        result = make(tmp_path / name, passes=given)
        write_segments(result, block, labels.cut(block.core), graph)
        assert np.array_equal(result.read_graph(block).node_features, graph.node_features)
        assert result.rows(block).exists() == (name == "first.zarr")


def test_rows_that_are_damaged_are_said_to_be(result):
    block = GRID[(0, 0)]
    with pytest.raises(InputError, match=r"rows/0-0\.safetensors' cannot be read: .*; begin anew with --overwrite"):
        ResultWriter(result).read("rows", block)
    result.rows(block).write_bytes(b"\xff" * 40)
    with pytest.raises(InputError, match=r"rows/0-0\.safetensors' cannot be read: .*; begin anew with --overwrite"):
        ResultWriter(result).read("rows", block)


@pytest.mark.parametrize("name", ["superpixels", "classes"])
def test_the_result_of_a_volume_has_label_images_along_z_y_and_x(volume, name):
    group = zarr.open_group(volume.path, path=f"labels/{name}", mode="r")
    assert (group["0"].shape, group["0"].chunks) == ((20, 50, 40), VOLUME.storage_chunk)
    assert len(VOLUME.storage_chunk) == 3
    assert group["0"].metadata.dimension_names == ("z", "y", "x")
    (multiscale,) = group.attrs["ome"]["multiscales"]
    assert multiscale["axes"] == [{"name": a, "type": "space", "unit": "nanometer"} for a in "zyx"]
    scale = [{"type": "scale", "scale": [40.0, 4.0, 5.0]}]
    assert multiscale["datasets"][0] == {"path": "0", "coordinateTransformations": scale}
    assert open_labels(f"{volume.path}/labels/{name}").pixel_size == (40.0, 4.0, 5.0)


def test_what_the_blocks_of_a_volume_write_is_read_again(volume):
    rng = np.random.default_rng(0)
    ids, classes = rng.integers(0, 9, (20, 50, 40), np.uint32), rng.integers(0, 2, (20, 50, 40), np.uint8)
    graphs = {}
    for number, block in enumerate(VOLUME):
        cell = VOLUME.lattice.id_of(block.cells.start)
        graphs[block.index] = graph = BlockGraph(
            np.array([cell, cell + 1], np.uint32),
            np.array([[number, 1.5, 2], [3, 4, 5]]),
            np.array([7, 8], np.uint32),
            np.full((2, 1), number, np.float32),
            np.array([[cell], [cell + 1]], np.uint32),
            np.ones((1, 1), np.float32),
        )
        write_segments(volume, block, ids[block.core.slices], graph)
        write_classes(volume, block, classes[block.core.slices], graph, np.full((2, 2), 0.5, np.float32))
    read = open_result(volume.path)
    assert read == volume
    assert np.array_equal(read.read_superpixels((slice(None),) * 3), ids)
    assert np.array_equal(read.read_classes(np.s_[3:9, 5:40, 3:30]), classes[3:9, 5:40, 3:30])
    for block in VOLUME:
        assert np.array_equal(read.read_graph(block).positions, graphs[block.index].positions)


def test_a_pixel_size_for_other_axes_makes_no_result(tmp_path):
    with pytest.raises(ParameterError, match="pixel_size has 3 entries; the axes 'yx' need 2"):
        make(tmp_path / "result.zarr", pixel_size=(1.0, 2.0, 3.0))
    assert not (tmp_path / "result.zarr").exists()


def test_an_opened_result_is_the_one_that_was_made(result):
    assert open_result(result.path) == result


def test_a_result_says_what_it_was_made_from_and_when_it_is_finished(result):
    assert result.run["made_from"] == {"image": "image.tif"}
    assert result.run["class_names"] == list(NAMES)
    assert result.run["finished"] is False
    finish(result, {"pixels": 4200})
    assert open_result(result.path).run["finished"] is True
    assert result.run["figures"] == {"pixels": 4200}


@pytest.mark.parametrize("kind", ["file", "folder", "result"])
def test_what_exists_is_not_overwritten_unasked(tmp_path, kind):
    path = tmp_path / "result.zarr"
    {"file": lambda: path.write_text("mine"), "folder": path.mkdir, "result": lambda: make(path)}[kind]()
    with pytest.raises(InputError, match="exists; choose another path or add --overwrite"):
        make(path)


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_only_results_are_overwritten(tmp_path, kind):
    path = tmp_path / "precious"
    path.write_text("mine") if kind == "file" else (path / "data").mkdir(parents=True)
    with pytest.raises(InputError, match="is no result of terrazzo, so it is not overwritten; remove it first"):
        make(path, overwrite=True)
    assert path.exists() if kind == "file" else (path / "data").is_dir()


def test_a_result_is_overwritten_when_asked(result):
    finish(result, {})
    assert make(result.path, overwrite=True).run["finished"] is False


def test_a_free_path_is_writable(tmp_path):
    check_writable(tmp_path / "new.zarr", overwrite=False)


def test_a_place_that_cannot_be_written_to_is_an_input_error(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(InputError, match="the result cannot be written to"):
        make(tmp_path / "file" / "result.zarr")


def test_a_folder_that_is_no_result_cannot_be_opened(tmp_path):
    with pytest.raises(InputError, match=r"is no result of terrazzo \(it holds no run\.json\); make one with"):
        open_result(tmp_path)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"shape": [1', '{"shape": [60, 70], "size": [6, 6]}', "null"])
def test_a_damaged_result_is_an_input_error(result, tmp_path, content):
    (tmp_path / "result.zarr" / "run.json").write_text(content)
    with pytest.raises(InputError, match=r"is damaged .*run terrazzo predict again with --overwrite"):
        open_result(result.path)


@pytest.mark.parametrize(
    "change", [{"size": [0, 0]}, {"size": [6]}, {"size": [-6, 6]}, {"block_cells": [1, 4]}, {"block_cells": [-4, 4]}]
)
def test_a_result_with_an_impossible_lattice_is_damaged(result, tmp_path, change):
    file = tmp_path / "result.zarr" / "run.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | change))
    with pytest.raises(InputError, match="is damaged"):
        open_result(result.path)


def test_blocks_that_are_no_multiples_of_the_shards_are_an_input_error(result):
    zarr.create_array(
        result.path, name="labels/classes/0", shape=SHAPE, dtype="uint8", chunks=(6, 6), shards=(30, 12), overwrite=True
    )
    with pytest.raises(InputError, match=r"labels/classes' is stored in shards of \(30, 12\) pixels, of which"):
        open_result(result.path)


def test_it_says_in_a_line_what_it_holds_and_how_far_it_is(tmp_path):
    result = make(tmp_path / "result.zarr")
    says = f"<terrazzo.Result (y: 60, x: 70), superpixels and classes in 6 blocks, {{}}, '{result.path}'>"
    assert repr(result) == says.format("not finished")
    finish(result, {})
    assert repr(result) == says.format("finished")
    (tmp_path / "result.zarr" / "run.json").write_text("[]")
    assert repr(result) == says.format("whose files are gone")
    (tmp_path / "result.zarr" / "run.json").unlink()
    assert repr(result) == says.format("whose files are gone")
    assert shown(result).rows["State"] == "whose files are gone"


def test_its_table_shows_classes_in_their_colours_once_it_is_finished(tmp_path):
    result = make(tmp_path / "result.zarr", made_from={"colours": COLOURS}, class_names=("<i>", "water"))
    assert shown(result).picture is None
    for index, block in enumerate(result.grid):
        write_pixel_classes(result, block, np.full(block.core.shape, index % 2, np.uint8))
    for step in result.pyramid.steps:
        for tile in result.pyramid.tiles(step):
            write_levels(result, tile, step)
    assert shown(result).picture is None
    finish(result, {"superpixels": 1234, "edges": 5678})
    table = shown(result)
    assert table.rows["Superpixels"] == "1,234"
    assert table.rows["Blocks"] == "6 of 24 x 48 pixels"
    assert table.rows["Classes"].split() == ["<i>", "water"]
    assert table.picture.shape == (60, 70, 3)
    assert {tuple(pixel) for pixel in table.picture.reshape(-1, 3).tolist()} == {(10, 20, 30), (255, 0, 255)}
    shutil.rmtree(tmp_path / "result.zarr" / "labels")
    assert shown(result).picture is None


def test_the_middle_section_of_a_volume_is_shown(volume):
    finish(volume, {})
    assert shown(volume).picture.shape == (50, 40, 3)
    assert shown(volume).rows["Extent"] == "(z: 20, y: 50, x: 40)"


def test_nothing_is_read_for_a_picture_where_the_stored_pieces_are_large(tmp_path, monkeypatch):
    result = make(tmp_path / "result.zarr")
    finish(result, {})
    monkeypatch.setattr(result_view, "MOST_READ", 10)
    monkeypatch.setattr(zarr, "open_array", None)
    assert shown(result).picture is None
