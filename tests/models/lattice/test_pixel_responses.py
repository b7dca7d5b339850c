import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terrazzo.blocks import BlockGrid, Box
from terrazzo.lattice import Lattice
from terrazzo.models.lattice import pixel_responses
from terrazzo.models.lattice.pixel_responses import BANK, response_window, responses_where, some_responses
from terrazzo.models.passes.declared import Seen
from terrazzo.regions.statistics.core_responses import CoreResponses
from terrazzo.regions.statistics.filter_bank import responses_at


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([0, 3]), st.integers(1, 4), st.integers(1, 30))
def test_around_a_few_strokes_the_responses_are_those_of_the_whole_window(seed, depth, strokes, wide):
    rng = np.random.default_rng(seed)
    extent = (depth,) * (depth > 0) + (700, 840)
    core = Box((0,) * (len(extent) - 2) + (128, 0), (*extent[:-2], 640, 830))
    box = BANK.window(core, extent)
    pixels = rng.integers(0, 4000, (2, *box.shape)).astype(np.uint16)
    middles = [rng.integers(a, b, strokes) for a, b in zip(core.start, core.stop, strict=True)]
    apart = [rng.integers(0, wide, (strokes, 40)) for _ in core.start]
    places = tuple(
        np.minimum(middle[:, None] + near, b - 1).ravel()
        for middle, near, b in zip(middles, apart, core.stop, strict=True)
    )
    found = some_responses(Seen(box, pixels), places)
    assert np.array_equal(found, responses_at(BANK, pixels.astype(np.float32), box, places))


def test_no_more_than_what_is_around_a_stroke_is_filtered(monkeypatch):
    filtered = []
    monkeypatch.setattr(
        pixel_responses,
        "responses_at",
        lambda bank, window, box, places: filtered.append(box) or responses_at(bank, window, box, places),
    )
    pixels = np.random.default_rng(0).random((1, 600, 600)).astype(np.float32)
    some_responses(Seen(Box((0, 0), (600, 600)), pixels), (np.arange(300, 310), np.arange(300, 310)))
    assert sum(np.prod(box.shape) for box in filtered) < 0.2 * pixels.size


@pytest.mark.parametrize("number", [0, 1])
def test_few_places_and_none_have_as_many_columns(number):
    pixels = np.zeros((1, 600, 600), np.float32)
    found = some_responses(Seen(Box((0, 0), (600, 600)), pixels), (np.arange(number), np.arange(number)))
    assert found.shape == (len(BANK.columns(1)), number)


@pytest.mark.parametrize("extent", [(256, 192), (6, 64, 64)])
def test_tiles_have_the_responses_of_the_whole_core_and_only_around_pixels_that_are_asked(extent, monkeypatch):
    monkeypatch.setattr(pixel_responses, "SIDE", 37)
    block = BlockGrid.of(Lattice(extent, (2, 8, 8)[-len(extent) :]), 128)[(0,) * len(extent)]
    box = response_window(block)
    pixels = np.random.default_rng(1).integers(0, 4000, (2, *box.shape)).astype(np.uint16)
    mask = np.ones(box.shape, bool)
    mask[..., :5, :7] = False
    asked = np.zeros(block.core.shape, bool)
    asked[0, ..., 3] = asked[-1, ..., 5:50] = True
    expected = everywhere(CoreResponses.of(BANK, pixels.astype(np.float32), box, block.core))
    found = np.zeros(asked.shape, bool)
    for responses in responses_where(Seen(box, pixels, mask), block, asked):
        inside = responses.core.within(block.core)
        assert not found[inside].any()
        found[inside] = True
        assert np.array_equal(everywhere(responses), expected[(slice(None), *inside)])
    assert found[asked].all()
    assert found.sum() < 3 * asked.sum()


def everywhere(responses):
    found = np.empty((len(BANK.columns(2)), *responses.core.shape), np.float32)
    for inside, strip in responses.strips():
        found[(slice(None), *inside)] = strip
    return found
