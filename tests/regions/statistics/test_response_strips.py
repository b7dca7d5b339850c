import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from segmented import blobs

from terrazzo.regions.statistics import response_strips
from terrazzo.regions.statistics.response_strips import halved_often, on, strips_of, write_responses
from terrazzo.regions.statistics.scale import Scale

EXTENT = 150


@pytest.mark.parametrize("scale", [Scale(1), Scale(1, eigenvalues=True), Scale(4, eigenvalues=True)], ids=repr)
@settings(max_examples=15)
@given(st.integers(0, 120), st.integers(1, 30), st.integers(0, 120), st.integers(1, 30), st.sampled_from([1, 700]))
def test_the_height_of_strips_changes_no_bit(scale, top, high, left, wide, pixels):
    image = blobs((EXTENT, EXTENT), seed=3)
    inside = (slice(top, top + high), slice(left, left + wide))
    expected = written(scale, image, inside)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(response_strips, "STRIP", pixels)
        found = written(scale, image, inside)
    for response, other in zip(expected, found, strict=True):
        assert not np.isnan(response).any()
        assert np.array_equal(response, other)


def written(scale, image, inside):
    shapes = ([len(range(*on(at, level).indices(EXTENT))) for at in inside] for level in scale.levels)
    found = [np.full((1, *shape), np.nan, np.float32) for shape in shapes]
    write_responses((scale,), image, slice(0, 1), inside, found)
    return found


def test_each_response_comes_row_by_row_and_only_where_it_is_wanted(monkeypatch):
    monkeypatch.setattr(response_strips, "STRIP", 300)
    scale, wanted = Scale(4, eigenvalues=True), (slice(61, 101), slice(40, 80))
    ends = {}
    for strip in strips_of(scale, halved_often(blobs((EXTENT, EXTENT), seed=3), 1), slice(0, 1), wanted):
        level, z, top, _ = strip.place
        assert z == 0
        for column, values in enumerate(strip.values, strip.column):
            assert level == scale.levels[column]
            assert ends.get(column, 61 >> level) == top
            ends[column] = top + len(values)
    assert ends == {column: (100 >> level) + 1 for column, level in enumerate(scale.levels)}
