import numpy as np
import pytest
from segmented import SCALE, blobs, grid_of, small_recipe

from terrazzo.blockwise.passes.sources import Sources
from terrazzo.blockwise.passes.stored_passes import given_of
from terrazzo.models.passes.declared import Seen
from terrazzo.models.passes.superpixels import superpixels_pass
from terrazzo.regions.graphs.merge import merge
from terrazzo.regions.graphs.recipe import segment_block

RECIPE, GRID = small_recipe(), grid_of((60, 70))
BLOCK = GRID[1, 1]
WINDOW = RECIPE.window(BLOCK)
IMAGE = blobs((60, 70))
PIXELS = IMAGE[(slice(None), *WINDOW.slices)]
PASS = superpixels_pass(RECIPE)


def read(one):
    window = one.window(BLOCK)
    return [Seen(window, IMAGE[(slice(None), *window.slices)]), SCALE]


def given(image=IMAGE, at=None):
    """Return what the pass gives under a mask with one pixel of the whole image inside."""
    mask = np.zeros((60, 70), bool)
    if at is not None:
        mask[at] = True
    return given_of([PASS], BLOCK, Sources(image, lambda _: mask[WINDOW.slices], estimates={"intensity_scale": SCALE}))


@pytest.mark.parametrize(("at", "outside"), [(None, True), ((24, 24), False), ((18, 53), False), ((17, 30), True)])
def test_a_block_is_outside_when_no_pixel_of_its_core_and_one_cell_around_is_inside(at, outside):
    assert (not given(at=at)["labels"].ids.any()) is outside


def test_a_block_outside_has_no_superpixel_node_or_edge_and_its_pixels_are_not_looked_at():
    nothing = given(np.full_like(IMAGE, np.nan))
    assert not nothing["labels"].cut(BLOCK.core).any()
    assert nothing["rows"].ids.size == nothing["rows"].edges.size == 0
    assert nothing["figures"] == (0, 0, 0)


def test_nothing_is_what_the_whole_computation_would_have_found():
    mask = np.zeros(WINDOW.shape, bool)
    labels, graph = segment_block(PIXELS, BLOCK, RECIPE, SCALE, mask)
    fast = PASS.nothing(BLOCK)
    assert fast["labels"].box == labels.box
    assert np.array_equal(fast["labels"].ids, labels.ids)
    for name, found in vars(fast["rows"]).items():
        expected = vars(graph)[name]
        assert (found.shape, found.dtype) == (expected.shape, expected.dtype), name


def test_nothing_and_something_merge():
    parts = [segment_block(PIXELS, BLOCK, RECIPE, SCALE)[1], PASS.nothing(GRID[0, 0])["rows"]]
    merged = merge(parts, RECIPE.node_columns, RECIPE.edge_columns)
    assert np.array_equal(merged.ids, np.sort(parts[0].ids))


def test_the_parts_of_the_pass_give_what_the_pass_gives():
    whole = PASS.run(BLOCK, *read(PASS))
    labels, rows = PASS.parts
    ids = labels.run(BLOCK, *read(labels))["labels"].ids
    assert np.array_equal(ids, whole["labels"].cut(BLOCK.core))
    part = rows.run(BLOCK, read(rows)[0], whole["labels"])["rows"]
    for name, found in vars(part).items():
        assert np.array_equal(found, vars(whole["rows"])[name]), name
