import math

from hypothesis import given
from hypothesis import strategies as st

from terrazzo.io.images.stored_array import MOST_BYTES, SIDE, VOLUME_SIDE, reading_chunks


def test_small_stored_chunks_are_grouped_to_about_two_thousand_pixels() -> None:
    assert reading_chunks((1, 10_000, 10_000), (1, 256, 300), 1) == (1, 2048, 1800)


def test_large_stored_chunks_are_kept_whole() -> None:
    assert reading_chunks((1, 10_000, 10_000), (1, 4096, 4096), 1) == (1, 4096, 4096)


def test_a_small_image_is_one_chunk() -> None:
    assert reading_chunks((3, 520, 696), (1, 188, 696), 2) == (3, 520, 696)


def test_wide_strips_make_flat_chunks() -> None:
    assert reading_chunks((1, 50_000, 100_000), (1, 8, 100_000), 1) == (1, 40, 100_000)


def test_many_channels_make_small_chunks() -> None:
    channels, height, width = reading_chunks((60, 20_000, 20_000), None, 4)
    assert channels == 60
    assert height == width == 1024
    assert channels * height * width * 4 <= MOST_BYTES


def test_a_volume_is_cut_into_about_as_many_sections_as_rows_and_columns() -> None:
    assert reading_chunks((1, 2000, 3000, 3000), (1, 64, 128, 100), 1) == (1, 256, 256, 200)
    assert reading_chunks((1, 20, 1024, 1024), None, 1) == (1, 20, 256, 256)


def test_whole_sections_make_flat_chunks_of_a_volume() -> None:
    assert reading_chunks((1, 2000, 1024, 1024), (1, 1, 1024, 1024), 1) == (1, 16, 1024, 1024)
    assert reading_chunks((1, 2000, 1024, 1024), (1, 1, 8, 1024), 1) == (1, 256, 64, 1024)


def test_many_channels_make_small_chunks_of_a_volume() -> None:
    channels, *side = reading_chunks((20, 2000, 2000, 2000), None, 4)
    assert side == [128, 128, 128]
    assert channels * 128**3 * 4 <= MOST_BYTES


lengths = st.integers(1, 9000)


@given(lengths, lengths, lengths, lengths, st.sampled_from([1, 2, 4, 8]))
def test_chunks_hold_whole_stored_chunks_and_never_pass_the_image(
    height: int, width: int, unit_y: int, unit_x: int, itemsize: int
) -> None:
    unit_y, unit_x = min(unit_y, height), min(unit_x, width)
    channels, chunk_y, chunk_x = reading_chunks((3, height, width), (1, unit_y, unit_x), itemsize)
    assert channels == 3
    assert chunk_y == height or chunk_y % unit_y == 0
    assert chunk_x == width or chunk_x % unit_x == 0
    assert 1 <= chunk_y <= height
    assert 1 <= chunk_x <= width
    # More area than aimed at only where one stored chunk demands it.
    assert chunk_y * chunk_x <= SIDE * SIDE or chunk_y == unit_y or chunk_x == unit_x


sections = st.integers(1, 900)


@given(st.tuples(*[sections] * 3), st.tuples(*[sections] * 3), st.sampled_from([1, 2, 4, 8]))
def test_chunks_of_a_volume_hold_whole_stored_chunks(
    extent: tuple[int, ...], units: tuple[int, ...], itemsize: int
) -> None:
    units = tuple(map(min, units, extent))
    channels, *chunk = reading_chunks((2, *extent), (1, *units), itemsize)
    assert channels == 2
    for length, unit, whole in zip(chunk, units, extent, strict=True):
        assert length == whole or length % unit == 0
        assert 1 <= length <= whole
    assert math.prod(chunk) <= VOLUME_SIDE**3 or any(map(int.__eq__, chunk, units))
