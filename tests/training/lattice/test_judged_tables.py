from dataclasses import replace

import numpy as np
import pytest
from random_annotations import CLASSES, random_annotation
from segmented import blobs, small_recipe

from terrazzo.blockwise.inputs.annotated_image import annotated_image
from terrazzo.models.lattice.settings import LatticeSettings
from terrazzo.regions.classes.tile_counts import TileCounts
from terrazzo.training.lattice import judged_tables as module
from terrazzo.training.lattice.fit_images import tables_of
from terrazzo.training.lattice.judged_tables import judged_tables, largest_window
from terrazzo.training.lattice.settings import LatticeTraining
from terrazzo.training.lattice.split_cells import split_cells

SHAPE, RARE = (240, 300), 2
NETWORK = LatticeSettings().on((6, 6))


@pytest.fixture(scope="module")
def sides():
    """The tables of an image with one class in two corners alone, and what of it is held out."""
    truth = random_annotation(SHAPE, 0.3, seed=1)
    truth[truth == RARE] = 0
    truth[:20, :20] = truth[-20:, -20:] = RARE
    image = annotated_image(blobs(SHAPE), truth, recipe=small_recipe(size=(6, 6)), classes=CLASSES, block=48)
    images = tables_of(image, LatticeTraining(samples=2000), None, None)
    return images, split_cells([images.tiles], validation=0.3, seed=0)[0]


def looked_at(sides, most, seed=0):
    images, held = sides
    return list(judged_tables([images], [held], NETWORK, most, seed))


def counted(tables):
    return np.sum([table.counts.reshape(-1, CLASSES).sum(axis=0) for table in tables], axis=0)


def test_where_there_is_room_all_that_is_held_out_is_looked_at_once(sides):
    images, held = sides
    expected = images.tiles.counts[~held.keeps(images.tiles)].sum(axis=0)
    assert np.array_equal(counted(looked_at(sides, 10**9)), expected)


@pytest.mark.parametrize("seed", range(3))
def test_of_more_some_tiles_are_looked_at_with_each_class(sides, seed):
    everything = sum(table.cells.present.size for table in looked_at(sides, 10**9))
    tables = looked_at(sides, most := everything // 8, seed)
    assert sum(table.cells.present.size for table in tables) <= most * 1.5
    assert len(tables) > 1
    assert counted(tables).all()
    _, held = sides
    for table in tables:
        annotated = table.counts.any(axis=-1)
        assert not annotated[held.trained(table.cells.box)].any()
        # more is seen than is judged
        assert np.count_nonzero(annotated) < table.cells.present.sum()


def test_an_image_that_nobody_has_annotated_is_passed_over(sides):
    images, held = sides
    empty = replace(images, tables={}, tiles=TileCounts.joined([], 2, CLASSES))
    expected, found = (
        list(judged_tables(given, [held] * len(given), NETWORK, 2000, 0)) for given in ([images], [images, empty])
    )
    assert [table.cells.box for table in found] == [table.cells.box for table in expected]


def test_some_of_a_tiles_pixels_stand_for_all_of_them(sides, monkeypatch):
    monkeypatch.setattr(module, "MOST_PIXELS", 50)
    tables = looked_at(sides, 2000)
    assert max(len(table.samples.areas) for table in tables) == 50
    known = counted(tables).sum()
    assert sum(table.samples.areas.sum() for table in tables) == pytest.approx(known, rel=0.15)


@pytest.mark.parametrize("seed", range(3))
def test_of_each_class_as_much_is_judged_as_the_whole_side_has(sides, seed):
    expected = counted(looked_at(sides, 10**9))
    assert np.allclose(counted(looked_at(sides, 20_000, seed)), expected, rtol=0.1)


def test_of_a_volume_there_is_a_window_for_each_class_that_is_no_larger_than_projected():
    shape = (60, 90, 120)
    truth = random_annotation(shape, 0.5, seed=1)
    image = annotated_image(blobs(shape), truth, recipe=small_recipe(size=(4, 6, 6)), classes=CLASSES, block=24)
    images = tables_of(image, LatticeTraining(samples=500), None, None)
    network = LatticeSettings().on((4, 6, 6))
    (held,) = split_cells([images.tiles], validation=0.3, seed=0)
    tables = list(judged_tables([images], [held], network, 1, 0))
    assert counted(tables).all()
    assert len(tables) <= CLASSES
    most = largest_window(images.grid.lattice.cells, network)
    assert max(table.cells.present.size for table in tables) <= most
