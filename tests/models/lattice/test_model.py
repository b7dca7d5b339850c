"""A block's answer is that of the whole image (C7, C12), and that of a slow way to compute it."""

from dataclasses import replace

import dask.array as da
import numpy as np
import pytest
import torch
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage
from segmented import blobs, graph_of, grid_of, labels_of, segment, small_recipe
from slow_mean_field import mean_field
from untrained import untrained_lattice, untrained_model

import terrazzo as tz
from terrazzo.blocks import Box
from terrazzo.errors import ModelError
from terrazzo.models.lattice.cell_rows import cell_rows
from terrazzo.models.lattice.decide_pixels import decided_pixels
from terrazzo.models.lattice.embed_block import cells_needed, embedded_block
from terrazzo.models.lattice.pixel_responses import response_window, some_responses
from terrazzo.models.lattice.temperatures import Temperatures
from terrazzo.models.messages.directions import graph_of_cells
from terrazzo.models.messages.graph_passing import GraphPassing
from terrazzo.models.passes.declared import Seen
from terrazzo.regions.graphs.row_spread import RowSpread

SIZES = ((6, 5), (2, 4, 3), (1, 4, 3))


def slow_logits(model, image, labels, rows):
    """Logits of all superpixels and of all pixels: messages over a list, everything of the whole image at once."""
    lattice, network = rows.lattice, model.network
    table = cell_rows([rows.graph], Box((0,) * model.axes, lattice.cells), lattice)
    cells = np.argwhere(table.present)
    pooling = model.settings.pooling(model.axes)
    passing = GraphPassing(graph_of_cells(cells, model.settings.levels, pooling), backend="torch")
    with torch.inference_mode():
        h = network(passing, torch.from_numpy(model.scales.rows(table.rows[table.present])))
        own, around = (projection.numpy() for projection in network.projected(h))
        regions = network.region(h).numpy()
        added = np.zeros_like(regions)
        if network.crf is not None:
            apart = (cells[rows.graph.edge_index[1]] - cells[rows.graph.edge_index[0]]).astype(float)
            added = mean_field(network.crf, regions, rows.graph.edge_index, rows.graph.edge_features, apart)
        grid = np.zeros((*lattice.cells, around.shape[1]), np.float32)
        grid[table.present] = around
        places = np.indices(lattice.shape).reshape(model.axes, -1)
        middles = [(place + 0.5) / size - 0.5 for place, size in zip(places, lattice.size, strict=True)]
        smooth = [ndimage.map_coordinates(one, middles, order=1, mode="nearest") for one in np.moveaxis(grid, -1, 0)]
        whole = Box((0,) * model.axes, lattice.shape)
        responses = some_responses(Seen(whole, image), tuple(places))
        row = np.searchsorted(rows.graph.ids, labels.ravel())
        asked = network.pixel_logits(
            torch.from_numpy(model.scales.pixels(responses.T)),
            torch.from_numpy(own[row]),
            torch.from_numpy(np.stack(smooth, axis=1).astype(np.float32)),
        )
    return regions + added, (asked.numpy() + added[row]).reshape(*lattice.shape, -1)


class Rows:
    def __init__(self, lattice, graph):
        self.lattice, self.graph = lattice, graph


@pytest.mark.parametrize("size", SIZES)
@settings(max_examples=8, deadline=None)
@given(st.data(), st.integers(0, 2), st.integers(0, 2), st.integers(0, 99))
def test_a_block_gets_the_probabilities_of_the_whole_image(size, data, levels, steps, seed):
    axes = len(size)
    shape = data.draw(st.tuples(*(st.integers(2, {2: 60, 3: 14}[axes]) for _ in range(axes))))
    grid = grid_of(shape, size, data.draw(st.tuples(*(st.integers(1, 6) for _ in range(axes)))))
    channels = data.draw(st.integers(1, 2))
    recipe = small_recipe(channels, size)
    model = untrained_lattice(
        recipe, seed=seed, settings={"levels": levels, "crf_steps": steps, "pool_sections": size[0] > 1}
    )
    image = blobs(shape, channels, seed)
    segmented = segment(image, grid, recipe)
    labels, graph = labels_of(segmented, grid), graph_of(segmented, recipe)
    regions, pixels = slow_logits(model, image, labels, Rows(grid.lattice, graph))
    expected = torch.softmax(torch.from_numpy(pixels), dim=-1).numpy()
    for block in grid:
        near = [segmented[other.index][1] for other in grid.neighbours(block, cells_needed(model.settings, size))]
        found = embedded_block(block, near, model.network, model.scales)
        cells = grid.lattice.cells_of(graph.ids) - found.box.start
        inside = ((cells >= 0) & (cells < found.box.shape)).all(axis=1)
        assert np.allclose(found.logits.numpy()[tuple(cells[inside].T)], regions[inside], rtol=1e-4, atol=1e-4)
        window = response_window(block)
        seen = Seen(window, image[(slice(None), *window.slices)])
        ids = labels[block.core.slices]
        decided = decided_pixels(block, ids, found, model.network, model.scales, seen)
        planes = np.stack(list(decided.planes()), axis=-1)
        assert np.abs(planes / 255 - expected[block.core.slices]).max() < 1e-3 + 0.5 / 255
        sure = np.sort(expected[block.core.slices], axis=-1)
        sure = sure[..., -1] - sure[..., -2] > 1e-3
        assert np.array_equal(decided.classes[sure], expected[block.core.slices].argmax(axis=-1)[sure])


@pytest.fixture(scope="module")
def image():
    return blobs((75, 92), 2)


def test_chunks_change_no_bit_and_a_stored_image_gets_the_same(image, tmp_path):
    model = untrained_lattice(small_recipe(2), seed=3, settings={"sure": 0.6, "crf_steps": 1})
    expected = tz.predict(model, da.from_array(image, chunks=-1), block=36).compute()
    assert len(np.unique(expected)) == 3
    assert np.array_equal(tz.predict(model, da.from_array(image, chunks=(1, 20, 31)), block=36).compute(), expected)
    tz.write_ome_zarr(tmp_path / "image.zarr", image, chunks=(30, 40))
    stored = tz.open_image(tmp_path / "image.zarr")
    result = tz.write_prediction(model, stored, tmp_path / "result.zarr", block=36, probabilities=True)
    assert np.array_equal(result.read_classes((slice(None), slice(None))), expected)
    planes = zarr.open_array(f"{result.path}/probabilities/0", mode="r")[:]
    assert np.array_equal(planes.argmax(axis=0)[np.ptp(planes, axis=0) > 2], expected[np.ptp(planes, axis=0) > 2])
    nodes = result.nodes.compute()
    assert np.allclose(nodes.filter(like="probability").sum(axis=1), 1, atol=1e-5)
    assert len(nodes.filter(like="probability").columns) == 3


def test_a_superpixel_that_is_sure_decides_for_its_pixels(image):
    asked = untrained_lattice(small_recipe(2))
    regions = tz.predict(asked.deciding("region"), da.from_array(image)).compute()
    sure = untrained_lattice(small_recipe(2), settings={"sure": 1e-6})
    assert np.array_equal(tz.predict(sure, da.from_array(image)).compute(), regions)
    assert not np.array_equal(tz.predict(asked, da.from_array(image)).compute(), regions)


@settings(max_examples=10, deadline=None)
@given(st.floats(1 / 64, 64), st.floats(1 / 64, 64))
def test_temperatures_change_probabilities_and_no_class_where_all_pixels_are_asked(region, pixel):
    image, recipe = blobs((30, 34)), small_recipe()
    model = untrained_lattice(recipe)
    calibrated = replace(model, temperatures=Temperatures(region, pixel))
    grid = grid_of(image.shape[1:])
    segmented = segment(image, grid, recipe)
    ids = labels_of(segmented, grid)
    whole = grid_of(image.shape[1:], block_cells=grid.lattice.cells)[0, 0]
    found = embedded_block(whole, [graph for _, graph in segmented.values()], model.network, model.scales)
    seen = Seen(response_window(whole), image)
    for asked in (seen, None):
        plain, cooled = (
            decided_pixels(whole, ids, found, model.network, model.scales, asked, one.temperatures)
            for one in (model, calibrated)
        )
        assert np.array_equal(plain.classes, cooled.classes)
        expected = torch.softmax(found.logits.flatten(0, -2) / region, dim=-1).numpy()
        assert np.array_equal(cooled.regions, expected)
    assert calibrated.fingerprint() != model.fingerprint()


def test_a_superpixel_is_sure_at_its_calibrated_probability(image):
    model = untrained_lattice(small_recipe(2), settings={"sure": 0.95})
    classes = tz.predict(model, da.from_array(image)).compute()
    regions = tz.predict(model.deciding("region"), da.from_array(image)).compute()
    certain = replace(model, temperatures=Temperatures(region=1e-6))
    assert np.array_equal(tz.predict(certain, da.from_array(image)).compute(), regions)
    assert not np.array_equal(classes, regions)


@pytest.mark.parametrize("wrong", [0.0, -1.0, float("inf"), float("nan"), "hot", True])
def test_a_temperature_that_is_none_is_refused(wrong):
    with pytest.raises(ModelError, match=r"temperature is .*; it must be a number above 0"):
        Temperatures(pixel=wrong)
    with pytest.raises(ModelError, match=r"temperature is .*; it must be a number above 0"):
        untrained_model(temperature=wrong)


def test_a_model_of_superpixels_alone_has_no_decision_per_pixel():
    model = untrained_lattice(settings={"decision": "region"})
    with pytest.raises(ModelError, match="without a decision per pixel"):
        model.deciding("pixel")


def test_pixels_outside_a_mask_have_no_class_and_change_no_other(image):
    model = untrained_lattice(small_recipe(2))
    mask = np.ones(image.shape[1:], bool)
    mask[10:40, 20:60] = False
    other = np.where(mask, image, np.nan)
    first, second = (
        tz.predict(model, da.from_array(one), mask=mask, block=24).compute()
        for one in (np.where(mask, image, 0), other)
    )
    assert np.array_equal(first, second)
    assert np.array_equal(first == 255, ~mask)


def test_a_model_is_the_same_after_it_was_written_and_read(image, tmp_path):
    temperatures, spread = Temperatures(1.3, 0.1 + 0.2), RowSpread(np.ones(40), np.eye(40), 2.5)
    shape = {"crf_steps": 1}
    model = untrained_lattice(
        small_recipe(2), settings=shape, fitted={"steps": 3.0}, temperatures=temperatures, spread=spread
    )
    path = tz.write_model(model, tmp_path / "model.safetensors")
    again = tz.open_model(path)
    assert again.fingerprint() == model.fingerprint()
    assert again.settings == model.settings
    assert again.fitted == model.fitted
    assert again.temperatures == temperatures
    assert again.spread.farthest == 2.5
    expected = tz.predict(model, da.from_array(image)).compute()
    assert np.array_equal(tz.predict(again, da.from_array(image)).compute(), expected)
