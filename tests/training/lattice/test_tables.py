import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_annotations import CLASSES, random_annotation
from segmented import blobs, small_recipe

from terrazzo.blocks import Box
from terrazzo.blockwise.inputs.annotated_image import annotated_image
from terrazzo.errors import ParameterError
from terrazzo.io.mapped_arrays import mapped_arrays, write_arrays
from terrazzo.models.lattice.pixel_responses import response_columns, some_responses
from terrazzo.models.passes.declared import Seen
from terrazzo.regions.classes.boundary_weights import BoundaryWeights
from terrazzo.training.lattice.fit_images import tables_of
from terrazzo.training.lattice.sampled_pixels import shares_of
from terrazzo.training.lattice.settings import LatticeTraining
from terrazzo.training.lattice.split_cells import GAP, gap_of, split_cells, split_tables
from terrazzo.training.lattice.tables import read_table, table_file, write_table
from terrazzo.training.lattice.windows import Places, turned
from terrazzo.training.rules.exposure import Exposure

SHAPE = (100, 130)
QUICK = LatticeTraining(samples=300)


def tables(shape=SHAPE, share=0.6, folder=None, block=24, samples=300, classes=CLASSES, truth=None, **training):
    recipe = small_recipe(size=(6, 6) if len(shape) == 2 else (4, 6, 6))
    truth = random_annotation(shape, share, seed=1) if truth is None else truth
    image = annotated_image(blobs(shape), truth, recipe=recipe, classes=classes, block=block)
    return tables_of(image, LatticeTraining(samples=samples, **training), folder, None, edges=True), truth


@pytest.fixture(scope="module")
def whole():
    return tables()


def everything(images):
    return images.window(Box((0,) * len(images.grid.lattice.cells), images.grid.lattice.cells))


def test_all_that_is_annotated_is_counted(whole):
    images, truth = whole
    table = everything(images)
    known = np.bincount(truth.ravel(), minlength=256)[:CLASSES]
    assert np.array_equal(table.counts.sum(axis=(0, 1)), known)
    assert np.array_equal(images.tiles.counts.sum(axis=0), known)
    assert table.cells.present.all()


def test_samples_are_pixels_of_the_image_with_their_own_responses_and_stand_for_all(whole):
    images, truth = whole
    samples = everything(images).samples
    places = np.rint((samples.middles + 0.5) * 6 - 0.5).astype(int)
    assert len(np.unique(places, axis=0)) == len(places)
    assert np.array_equal(truth[tuple(places.T)], samples.classes)
    seen = Seen(Box((0, 0), SHAPE), blobs(SHAPE))
    assert np.array_equal(some_responses(seen, tuple(places.T)).T, samples.responses)
    known = np.bincount(truth.ravel(), minlength=256)[:CLASSES]
    stood_for = np.bincount(samples.classes, samples.areas, CLASSES)
    assert np.allclose(stood_for, known)


def test_what_samples_count_for_follows_from_the_whole_annotation_whatever_the_blocks(whole):
    assert (everything(whole[0]).samples.weights == 1).all()
    for block in (24, 48):
        images, truth = tables(block=block, boundary=2.0, boundary_width=3.0)
        samples = everything(images).samples
        places = np.rint((samples.middles + 0.5) * 6 - 0.5).astype(int)
        assert np.array_equal(samples.weights, BoundaryWeights(2.0, 3.0).of(truth)[tuple(places.T)])
        assert samples.weights.max() > 2


def test_a_stored_table_of_before_has_pixels_that_all_count_alike(whole, tmp_path):
    images, _ = whole
    (index, table), *_ = images.tables.items()
    block = images.grid[index]
    write_table(table, tmp_path, block)
    file = table_file(tmp_path, block)
    kept = {name: array.copy() for name, array in mapped_arrays(file).items() if name != "samples_weights"}
    file.unlink()
    write_arrays(kept, file)
    read = read_table(tmp_path, block).samples
    assert (read.weights == 1).all()
    assert np.array_equal(read.areas, table.samples.areas)


def test_tables_on_disk_are_those_in_memory(whole, tmp_path):
    stored, _ = tables(folder=tmp_path / "0")
    for index in whole[0].tables:
        mine, theirs = whole[0].tables[index], stored.tables[index]
        assert np.array_equal(mine.cells.rows, theirs.cells.rows)
        assert np.array_equal(mine.counts, theirs.counts)
        for name, values in vars(mine.samples).items():
            assert np.array_equal(values, getattr(theirs.samples, name))
        assert np.array_equal(mine.edges.cells, theirs.edges.cells)
        assert np.array_equal(mine.edges.features, theirs.edges.features)


def test_a_window_is_cut_out_of_the_whole_and_what_lies_outside_is_absent(whole):
    images, _ = whole
    table, box = everything(images), Box((5, -3), (30, 9))
    cut = images.window(box)
    inside = (slice(0, 12), slice(3, 12))
    assert not cut.cells.present[12:].any()
    assert not cut.cells.present[:, :3].any()
    assert np.array_equal(cut.cells.rows[inside], table.cells.rows[5:17, :9])
    assert np.array_equal(cut.counts[inside], table.counts[5:17, :9])
    own = table.edges.between(box)
    assert sorted(map(tuple, cut.edges.cells.transpose(1, 0, 2).reshape(-1, 4))) == sorted(
        map(tuple, own.cells.transpose(1, 0, 2).reshape(-1, 4))
    )
    # all samples of the window's cells but for pixels of blocks that do not touch it
    mine = np.all((table.samples.cells >= box.start) & (table.samples.cells < box.stop), axis=1)
    assert 0.9 * mine.sum() < len(cut.samples.cells) <= mine.sum()
    some = images.window(box, lambda number: np.arange(number)[::3]).samples
    assert np.array_equal(some.middles, cut.samples.middles[::3])
    assert ((cut.samples.cells >= box.start) & (cut.samples.cells < box.stop)).all()


@given(st.lists(st.integers(0, 5000), min_size=1, max_size=6), st.integers(1, 3000))
def test_shares_are_no_more_than_there_is_and_about_the_number(counts, number):
    counts = np.array(counts)
    drawn = shares_of(counts, number)
    assert (drawn <= counts).all()
    assert np.array_equal(drawn > 0, counts > 0)
    assert drawn.sum() <= max(number, len(counts))
    assert drawn.sum() > min(counts.sum(), number) - 2 * len(counts)


@pytest.mark.parametrize("share", [0.3, 1.0])
def test_what_is_held_out_and_a_gap_around_it_is_hidden_from_training(share):
    images, _ = tables(share=share)
    (held,) = split_cells([images.tiles], validation=0.3, seed=0)
    table = everything(images)
    seen, judged = held.for_training(table), held.for_validation(table, table.cells.box)
    assert judged.counts.any()
    assert judged.cells.present.all()
    annotated = np.argwhere(judged.counts.any(axis=-1))
    for cell in np.argwhere(seen.cells.present):
        assert np.abs(annotated - cell).max(axis=1).min() > GAP
    assert not seen.counts[~seen.cells.present].any()
    assert seen.cells.present[tuple(seen.samples.cells.T)].all()
    assert seen.counts.sum(axis=(0, 1)).all()


def test_images_are_held_out_whole_where_one_is_no_more_than_the_share():
    parts = [tables(share=0.5)[0] for _ in range(4)]
    held = split_cells([part.tiles for part in parts], validation=0.25, seed=0)
    assert sum(one.whole for one in held) == 1
    assert not held[[one.whole for one in held].index(True)].keeps(parts[0].tiles).any()
    fewer = split_cells([part.tiles for part in parts[1:]], validation=0.25, seed=0)
    assert not any(one.whole for one in fewer)
    assert sum(len(one.start) for one in fewer) > 1
    (named,) = np.flatnonzero([one.whole for one in split_cells([p.tiles for p in parts], validation=[2], seed=0)])
    assert named == 2


def test_of_three_images_one_is_held_out_whole_where_few_superpixels_are_annotated(monkeypatch):
    parts = [tables(share=0.5)[0] for _ in range(3)]
    annotated = sum(everything(part).counts.any(axis=-1).sum() for part in parts)
    for bound, whole in ((annotated, 0), (annotated + 1, 1)):
        monkeypatch.setattr("terrazzo.training.lattice.split_cells.FEW_SUPERPIXELS", bound)
        sides = split_tables(parts, validation=0.2, seed=0)
        assert (sum(one.whole for one in sides.held_out), sides.few) == (whole, bool(whole))


def test_gaps_around_tiles_count_for_half_in_the_share_that_is_held_out():
    images, _ = tables(share=1.0)
    tiles, pixels = images.tiles, images.tiles.counts.sum(axis=1)
    for gap, share in ((0, 0.3), (2, 0.3 / 2.5), (8, 0.3 * 0.4)):
        (held,) = split_cells([tiles], validation=0.3, seed=0, gap=gap)
        found = pixels[~held.keeps(tiles)]
        assert share * pixels.sum() <= found.sum() < share * pixels.sum() + found.max()


def strokes(*places):
    """Return an annotation of a short stroke at each place, of two classes in turn."""
    truth = np.full(SHAPE, 255, np.uint8)
    for number, (y, x) in enumerate(places):
        truth[y : y + 3, x : x + 8] = number % 2
    return truth


def test_of_strokes_that_lie_close_together_small_tiles_are_held_out(caplog):
    images, _ = tables(truth=strokes((5, 5), (5, 30), (30, 5), (30, 34)), classes=2)
    assert split_cells([images.tiles], validation=0.2, seed=0) is None
    sides = split_tables([images], validation=0.2, seed=0)
    (split,), (held,) = sides.images, sides.held_out
    assert "lies close together: tiles of 2 superpixels" in caplog.text
    assert np.array_equal(split.tiles.counts.sum(axis=0), images.tiles.counts.sum(axis=0))
    table = everything(split)
    seen, judged = held.for_training(table), held.for_validation(table, table.cells.box)
    assert seen.counts.sum(axis=(0, 1)).all()
    assert judged.counts.any()
    assert held.keeps(split.tiles).any()


def test_where_annotations_weigh_on_each_other_the_gap_is_as_wide():
    images, _ = tables(share=1.0)
    gap = gap_of(BoundaryWeights(5.0, 6.0), (6, 6))
    assert gap == 4 > GAP == gap_of(BoundaryWeights(0.0, 6.0), (6, 6))
    sides = split_tables([images], validation=0.1, seed=0, gap=gap)
    (split,), (held,) = sides.images, sides.held_out
    table = everything(split)
    judged = np.argwhere(held.for_validation(table, table.cells.box).counts.any(axis=-1))
    for cell in np.argwhere(held.for_training(table).counts.any(axis=-1)):
        assert np.abs(judged - cell).max(axis=1).min() > gap


def test_one_stroke_of_each_class_leaves_nothing_to_hold_out():
    images, _ = tables(truth=strokes((5, 5), (5, 30)), classes=2)
    with pytest.raises(ParameterError, match="can be held out for validation without a class leaving training"):
        split_tables([images], validation=0.2, seed=0)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 99))
def test_a_turned_table_keeps_each_pixel_on_its_superpixel(seed):
    images, _ = tables()
    table = images.window(Box((1, 2), (13, 14)))
    other = turned(table, np.random.default_rng(seed), (6, 6))
    assert np.array_equal(np.sort(other.cells.rows[..., :-2].ravel()), np.sort(table.cells.rows[..., :-2].ravel()))
    mine = table.cells.rows[tuple((table.samples.cells - 1 - [0, 1]).T)]
    theirs = other.cells.rows[tuple((other.samples.cells - 1 - [0, 1]).T)]
    assert np.array_equal(mine[:, :-2], theirs[:, :-2])
    # a pixel lies as far from its superpixel's centroid as before
    apart = [
        np.linalg.norm(one.samples.middles - one.samples.cells - rows[:, -2:], axis=1)
        for one, rows in ((table, mine), (other, theirs))
    ]
    assert np.allclose(*apart, atol=1e-5)
    # an edge leads between the same superpixels as before
    ends = [one.cells.rows[tuple(np.moveaxis(one.edges.cells - [1, 2], 2, 0))][..., :-2] for one in (table, other)]
    assert np.array_equal(*ends)


def test_altered_rows_are_those_of_the_altered_image():
    recipe = small_recipe()
    image, truth = blobs(SHAPE), random_annotation(SHAPE, 0.6, seed=1)
    altered = [1.7 * image + 0.4, image]
    found = []
    for one in altered:
        # the same superpixels: only what is measured of them changes
        scaled = small_recipe() if one is image else recipe
        whole = annotated_image(one, truth, recipe=scaled, classes=CLASSES, block=200)
        samples = everything(tables_of(whole, QUICK, None, None)).samples
        found.append(samples.chosen(np.lexsort(samples.middles.T)))
    moved = np.array([0.4], np.float32)
    of_pixels = Exposure.of(response_columns(recipe.channels), recipe.channels)
    responses = of_pixels.altered(found[1].responses, np.array([1.7], np.float32), moved)
    same = np.array_equal(found[0].middles, found[1].middles)
    assert same
    assert np.allclose(found[0].responses, responses, atol=2e-3)


def test_a_window_is_drawn_around_an_annotated_cell_inside_the_image():
    rng = np.random.default_rng(0)
    places = Places(np.array([0, 1]), np.array([[3, 4], [0, 0]]), np.array([[5, 6], [2, 2]]), np.array([1.0, 0.0]))
    for _ in range(50):
        image, box = places.drawn(rng, (8, 8), [(20, 9), (4, 4)])
        assert image == 0
        assert box.shape == (8, 8)
        assert box.overlap(Box((3, 4), (5, 6))) is not None
        assert min(box.start) >= 0
        assert box.stop[0] <= 20
        assert box.stop[1] <= 9
