import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from segmented import grid_of

from terrazzo.errors import ParameterError
from terrazzo.regions.classes.tile_counts import TileCounts
from terrazzo.regions.graphs.merge import seeded_in
from terrazzo.training.rules.split_blocks import GAP_CELLS, split_blocks

SIDE = (4, 4)


def counted(grid, classes_of_block):
    """The tiles of a grid with 10 pixels of each of a block's classes, one class per tile."""
    images = {}
    for block, classes in zip(grid, classes_of_block, strict=True):
        counts = np.zeros((grid.lattice.number_of_cells, 3), np.uint32)
        first = grid.lattice.id_of(block.cells.start) - 1
        cells = [first + 4 * tile for tile in range(len(classes))]
        counts[cells, sorted(classes)] = 10
        ids = np.arange(1, len(counts) + 1, dtype=np.uint32)
        images[block] = TileCounts.of(ids, counts, grid.lattice, SIDE)
    return images


def for_training(ids, held):
    """Which superpixels are in no block that is held out, nor in the gap around one."""
    return ~np.any([seeded_in(ids, block.cells_with(GAP_CELLS), GRID.lattice) for block in held], axis=0)


def kept_classes(table, held):
    """Per class, the pixels in tiles of which all is for training."""
    kept = np.zeros(3, int)
    for tiles in table.values():
        for start, counts in zip(tiles.start, tiles.counts.astype(int), strict=True):
            ids = GRID.lattice.ids_of(np.stack(np.indices(SIDE), axis=-1).reshape(-1, 2) + start)
            kept += counts * for_training(ids, held).all()
    return kept


GRID = grid_of((24 * 6, 24 * 6), (6, 6), (12, 12))
classes_of_blocks = st.lists(st.sets(st.integers(0, 2)), min_size=len(GRID), max_size=len(GRID))


@settings(deadline=None)
@given(st.lists(classes_of_blocks, min_size=1, max_size=2), st.integers(0, 9))
def test_every_class_stays_in_training_away_from_what_is_held_out(images, seed):
    tables = [counted(GRID, classes) for classes in images]
    everything = set().union(*(classes for image in images for classes in image))
    held = split_blocks(tables, seed=seed)
    if held is None:
        return  # a class that one block holds, or no annotation at all
    left = sum(kept_classes(table, out) for table, out in zip(tables, held, strict=True))
    assert set(np.flatnonzero(left)) == everything
    assert any(table[block].counts.any() for table, out in zip(tables, held, strict=True) for block in out)


def test_about_the_share_is_held_out():
    grid = grid_of((12 * 6 * 10, 12 * 6 * 10), (6, 6), (12, 12))
    table = counted(grid, [{0, 1, 2}] * len(grid))
    for share in (0.1, 0.3):
        assert len(split_blocks([table], validation=share)[0]) == pytest.approx(share * len(grid), abs=1)


def test_three_images_are_split_whole():
    tables = [counted(GRID, [{0, 1, 2}] * len(GRID)) for _ in range(5)]
    assert sorted(map(len, split_blocks(tables, validation=0.2))) == [0, 0, 0, 0, len(GRID)]


def test_the_seed_decides_which_blocks():
    grid = grid_of((12 * 6 * 6, 12 * 6 * 6), (6, 6), (12, 12))
    table = counted(grid, [{0, 1, 2}] * len(grid))
    first, again, other = (split_blocks([table], seed=seed) for seed in (1, 1, 2))
    assert first == again != other


def test_a_share_out_of_range_is_refused():
    with pytest.raises(ParameterError, match="validation is 1"):
        split_blocks([counted(GRID, [{0}] * 4)], validation=1)


def test_a_class_that_one_block_holds_cannot_be_held_out():
    assert split_blocks([counted(GRID, [{0, 1}, set(), set(), set()])]) is None


def test_images_that_are_named_are_held_out_whole():
    tables = [counted(GRID, [{0, 1}] * len(GRID)) for _ in range(2)]
    assert split_blocks(tables, validation=(0,)) == [frozenset(GRID), frozenset()]
