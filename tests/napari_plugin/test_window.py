from hypothesis import given
from hypothesis import strategies as st

from terrazzo.blocks import Box
from terrazzo.napari.window import COARSEST, SECTIONS, SIDE, seen_box, step_at, window_around

LENGTH = st.integers(1, 200_000)


@given(LENGTH, LENGTH, st.floats(1e-4, 50), st.data())
def test_a_window_holds_what_is_seen_and_no_more_than_a_few_screens(height, width, zoom, data):
    extent = height, width
    screen = data.draw(st.tuples(st.integers(100, 2000), st.integers(100, 2000)))
    corner = data.draw(st.tuples(*(st.integers(-100, length) for length in extent)))
    far = tuple(a + s / zoom for a, s in zip(corner, screen, strict=True))
    seen = seen_box((corner, far), extent)
    if seen is None:
        return
    window = window_around(seen, extent, zoom)
    assert window.serves(seen, extent, zoom)
    assert window.box.hull(seen) == window.box
    assert Box((0, 0), extent).hull(window.box) == Box((0, 0), extent)
    assert all(a % s == 0 for a, s in zip(window.box.start, window.steps, strict=True))
    if window.steps[-1] < COARSEST:
        values = [side / step for side, step in zip(window.box.shape, window.steps, strict=True)]
        assert values[0] * values[1] <= max(4096 * 4096, (2 * SIDE + 2) ** 2)


def test_a_small_image_is_one_window_however_far_one_is():
    extent = 1000, 1500
    window = window_around(Box((0, 0), (200, 300)), extent, 3.0)
    assert window.box == Box((0, 0), extent)
    assert window.serves(Box((0, 0), extent), extent, 0.01)


def test_a_large_image_is_held_as_finely_as_the_screen_shows_it():
    extent = 100_000, 100_000
    assert [step_at(extent, zoom) for zoom in (4, 1, 0.6, 0.5, 0.26, 0.25, 0.01, 0)] == [1, 1, 1, 2, 2, 4, 64, COARSEST]
    window = window_around(Box((50_000, 50_000), (51_000, 51_600)), extent, 1.0)
    assert not window.serves(Box((48_000, 50_000), (49_500, 51_600)), extent, 1.0)
    assert not window.serves(Box((50_000, 50_000), (50_200, 50_200)), extent, 0.1)


def test_of_a_volume_some_sections_are_held():
    window = window_around(Box((40, 0, 0), (41, 300, 300)), (100, 300, 300), 1.0)
    assert window.box.shape == (SECTIONS, 300, 300)
    assert window.box.start[0] <= 40 < window.box.stop[0]
    assert window.steps == (1, 1, 1)


def test_what_lies_outside_the_image_is_not_seen():
    assert seen_box(((-50, -50), (-10, 30)), (100, 100)) is None
    assert seen_box(((-50, 20.2), (10, 30)), (100, 100)) == Box((0, 20), (11, 31))
