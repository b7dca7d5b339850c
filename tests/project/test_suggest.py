import json

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

import terrazzo as tz
from terrazzo.blocks import BlockGrid
from terrazzo.errors import InputError, ParameterError
from terrazzo.project.candidates import APART, MOST, Candidates, best_of, picked, unsure_cells

from .conftest import draw, squares
from .test_project import FEW, SMALL


def some(number, seed=0, images=2):
    rng = np.random.default_rng(seed)
    return Candidates(
        rng.integers(0, images, number),
        rng.integers(0, 60, (number, 2)),
        rng.random(number),
        np.tile([0, 1], (number, 1)),
        rng.normal(size=(number, 4)).astype(np.float32),
    )


@given(st.integers(0, 2**32 - 1), st.integers(1, 40))
def test_the_largest_gain_is_first_and_no_two_places_are_close(seed, number):
    pool = some(50, seed)
    rows, gains = zip(*picked(pool, [pool.embeddings[:3] + 1], number), strict=True)
    assert list(gains) == sorted(gains, reverse=True)
    assert 1 <= len(rows) <= number
    for place, row in enumerate(rows):
        for other in rows[:place]:
            apart = np.abs(pool.cells[row] - pool.cells[other]).max()
            assert pool.images[row] != pool.images[other] or apart >= APART


def test_of_two_that_are_as_unsure_the_one_that_is_unlike_what_is_drawn_is_taken_first():
    embeddings = np.array([[0, 0], [4, 4], [0.1, 0]], np.float32)
    cells = np.array([[0, 0], [20, 20], [40, 40]])
    pool = Candidates(np.zeros(3, np.int64), cells, np.full(3, 0.5), np.zeros((3, 2), np.int64), embeddings)
    assert [row for row, _ in picked(pool, [embeddings[:1]], 3)][:2] == [1, 2]


def test_what_is_kept_of_many_does_not_depend_on_their_order():
    parts = [some(3000, seed) for seed in range(3)]
    first = best_of([best_of(parts[:2]), parts[2]])
    second = best_of([parts[2], best_of([parts[1], parts[0]])])
    assert len(first.unsure) == MOST
    np.testing.assert_array_equal(first.cells, second.cells)
    np.testing.assert_array_equal(first.embeddings, second.embeddings)


def test_cells_that_are_drawn_on_or_absent_are_no_candidates():
    block = BlockGrid.of(tz.Lattice((96, 96), (8, 8)), 96)[(0, 0)]
    probabilities = np.full((*block.cells.shape, 2), 0.5, np.float32)
    present, drawn = np.ones(block.cells.shape, bool), np.zeros(block.cells.shape, bool)
    present[:6, :6] = False
    drawn[9, 9] = True
    found = unsure_cells(0, block, probabilities, np.zeros((*block.cells.shape, 3), np.float32), present, drawn)
    assert len(found.cells) == 3
    assert (np.abs(found.cells - 9).sum(axis=1) > APART // 2).all()
    assert (found.cells >= 6).any(axis=1).all()


def test_places_of_a_project_are_unsure_ones_away_from_what_is_drawn(study, picture, tmp_path):
    with pytest.raises(InputError, match="nothing is fitted"):
        tz.suggest(study)
    draw(study.annotation_path("wood"), [one for one in squares(picture[1], 30) if one[0][0] < 120])
    study.fit(network=SMALL, training=FEW)
    places = tz.suggest(study, 5)
    assert len(places) == 5
    assert [one.gain for one in places] == sorted((one.gain for one in places), reverse=True)
    image = tz.open_image(study.image("wood").path)
    drawn = tz.open_annotation(study.annotation_path("wood"), image).plane.compute() != 255
    for one in places:
        assert one.image == "wood"
        assert set(one.classes) == {"bare", "wood"}
        assert 0 <= one.margin <= 1
        top, left, bottom, right = (*one.start, *one.stop)
        assert (bottom - top, right - left) == (48, 48)
        middle = ((top + bottom) // 2, (left + right) // 2)
        assert not drawn[middle]
    again = tz.suggest(study, 5)
    assert again == places
    (file,) = tz.write_places(places, study, tmp_path / "places.geojson")
    features = json.loads(file.read_text())["features"]
    boxes = [shapely.geometry.shape(one["geometry"]).bounds for one in features]
    assert boxes == [(one.start[1], one.start[0], one.stop[1], one.stop[0]) for one in places]
    assert features[0]["properties"]["name"].startswith("1: ")
    assert "classification" not in features[0]["properties"]
    with pytest.raises(InputError, match="exists; choose another path"):
        tz.write_places(places, study, file)
    with pytest.raises(ParameterError, match="number is 0"):
        tz.suggest(study, 0)
