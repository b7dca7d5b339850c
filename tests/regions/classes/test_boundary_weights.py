import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrazzo.kernels.classes.other_class import other_class
from terrazzo.regions.classes.boundary_weights import BoundaryWeights


def _annotation(rng, shape):
    side = int(rng.integers(1, 5))
    coarse = rng.choice(np.array([0, 1, 2, 255], np.uint8), [-(-n // side) for n in shape])
    return np.kron(coarse, np.ones((side,) * len(shape), np.uint8))[tuple(slice(n) for n in shape)]


def _by_hand(section, reach):
    """Look at every pair of pixels."""
    found = np.full(section.shape, reach**2 + 1)
    places = [place for place in np.ndindex(section.shape) if section[place] != 255]
    for place in places:
        others = [
            sum((a - b) ** 2 for a, b in zip(place, other, strict=True))
            for other in places
            if section[other] != section[place]
        ]
        found[place] = min([found[place], *others])
    return found


@given(st.integers(0, 2**32), st.integers(1, 12), st.integers(1, 12), st.integers(1, 6))
def test_the_distance_is_that_to_the_nearest_pixel_of_another_class_in_the_section(seed, height, width, reach):
    volume = _annotation(np.random.default_rng(seed), (2, height, width))
    expected = [_by_hand(section, reach) for section in volume]
    assert np.array_equal(other_class(volume, 255, reach), expected)


@given(st.integers(0, 2**32), st.sampled_from((2, 3)), st.sampled_from((0.5, 1.0, 2.5)))
def test_a_window_with_the_reach_around_it_has_the_weights_of_the_whole(seed, axes, width):
    rng = np.random.default_rng(seed)
    weighted = BoundaryWeights(3.0, width)
    truth = _annotation(rng, (3, 40, 44)[-axes:])
    whole = weighted.of(truth)
    start = rng.integers(0, 20, 2)
    stop = start + rng.integers(1, 20, 2)
    inside = tuple(slice(a, b) for a, b in zip(start, stop, strict=True))
    seen = tuple(slice(max(0, a - weighted.reach), b + weighted.reach) for a, b in zip(start, stop, strict=True))
    own = tuple(slice(a - s.start, b - s.start) for a, b, s in zip(start, stop, seen, strict=True))
    assert np.array_equal(weighted.of(truth[(..., *seen)])[(..., *own)], whole[(..., *inside)])


def test_weights_rise_towards_a_boundary_and_end_at_1():
    truth = np.zeros((1, 40), np.uint8)
    truth[:, 20:] = 1
    (weights,) = BoundaryWeights(2.0, 4.0).of(truth)
    assert weights[19] == weights[20] == pytest.approx(1 + 2 * np.exp(-1 / 32))
    assert (np.diff(weights[7:20]) > 0).all()
    assert weights[8] == pytest.approx(1 + 2 * np.exp(-(12**2) / 32))
    assert (weights[:8] == 1).all()


def test_what_is_not_annotated_makes_no_boundary_but_does_not_hide_one():
    gap = np.full((1, 9), 255, np.uint8)
    gap[0, 0] = 1
    assert (BoundaryWeights(1.0).of(gap) == 1).all()
    gap[0, 6:] = 2
    (weights,) = BoundaryWeights(1.0).of(gap)
    assert weights[0] == weights[6] == pytest.approx(1 + np.exp(-36 / 32))
    assert (weights[1:6] == 1).all()


def test_without_a_rise_nothing_is_read_around_and_all_count_alike():
    assert BoundaryWeights().reach == 0
    assert (BoundaryWeights().of(np.array([[0, 1]], np.uint8)) == 1).all()
