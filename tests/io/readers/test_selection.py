import pytest

from terrazzo.errors import InputError, ParameterError
from terrazzo.io.readers.selection import (
    Selected,
    parse_select,
    part_lengths,
    parts_at,
    require_one_time,
    select_text,
    selected_parts,
)

AXES, SHAPE = "tczyx", (5, 3, 12, 50, 60)


def parts(select):
    return selected_parts("a.tif", AXES, SHAPE, select)


@pytest.mark.parametrize(
    ("select", "lengths"),
    [
        (None, SHAPE),
        ({}, SHAPE),
        ({"t": 3}, (1, 3, 12, 50, 60)),
        ({"z": slice(2, 10), "t": -1}, (1, 3, 8, 50, 60)),
        ({"Z": slice(-4, None), "c": slice(None, 2)}, (5, 2, 4, 50, 60)),
        ({"t": slice(0, 5), "c": slice(None)}, SHAPE),
    ],
)
def test_an_index_or_a_range_leaves_so_much_of_an_axis(select, lengths):
    assert part_lengths(AXES, SHAPE, parts(select)) == lengths


def test_parts_are_in_the_order_of_the_axes_and_those_that_are_whole_are_none():
    assert parts({"z": slice(-4, None), "t": -2, "c": slice(0, 3)}) == (
        Selected("t", 3, 4, 5),
        Selected("z", 8, 12, 12),
    )
    assert selected_parts("a.tif", "tyx", (1, 50, 60), {"t": 0}) == ()


@pytest.mark.parametrize("text", ["t=3", "t=3,z=2:10", "c=1", "z=11"])
def test_a_text_says_the_same_as_the_parts_that_it_selects(text):
    assert select_text(parts(parse_select(text))) == text


@pytest.mark.parametrize(
    ("text", "same"), [("z=:4", "z=0:4"), (" t = -1 , z = 9: ", "t=4,z=9:12"), ("c=-3:-1", "c=0:2")]
)
def test_open_ends_and_ends_from_behind_are_ranges(text, same):
    assert select_text(parts(parse_select(text))) == same
    assert parse_select("") is parse_select(None) is None


@pytest.mark.parametrize("text", ["3", "t", "t=", "t=x", "t=1:2:3", "t=1,t=2", "t=1.5", "t=1,"])
def test_a_text_that_is_no_selection_is_refused(text):
    with pytest.raises(ParameterError, match=rf"select is '{text}'; give an index or a range from:to for each axis"):
        parse_select(text)


THERE = r"its axes are t \(5 long\), c \(3 long\), z \(12 long\), y \(50 long\), x \(60 long\)"


@pytest.mark.parametrize(
    ("select", "what"),
    [
        ({"t": 5}, "t=5"),
        ({"t": -6}, "t=-6"),
        ({"z": slice(4, 13)}, "z=4:13"),
        ({"z": slice(4, 4)}, "z=4:4"),
        ({"z": slice(12, None)}, "z=12:"),
    ],
)
def test_a_place_that_is_not_there_is_refused_and_the_axes_are_named(select, what):
    with pytest.raises(InputError, match=rf"^'a.tif' has no {what}; {THERE}, and indices count from 0$"):
        parts(select)


def test_an_axis_that_is_not_there_or_cannot_be_selected_is_refused_and_the_axes_are_named():
    with pytest.raises(InputError, match=r"'a.tif' has no t axis to select from; its axes are y \(50 long\), x"):
        selected_parts("a.tif", "yx", (50, 60), {"t": 0})
    for axis in ("y", "tc", "", "q"):
        with pytest.raises(ParameterError, match=rf"select names '{axis}'; of 'a.tif' t, c and z can be .*{THERE}"):
            parts({axis: 0})


@pytest.mark.parametrize("wanted", [1.5, "3", slice(0, 4, 2), slice("a", None), None])
def test_what_is_no_index_is_refused(wanted):
    with pytest.raises(ParameterError, match="give an index or a slice without a step, such as 3 or slice"):
        parts({"t": wanted})


def test_more_than_one_time_asks_for_one():
    with pytest.raises(InputError, match=r"7 long along its t axis .* select one by its index from 0, with select="):
        require_one_time("a.tif", "tyx", (7, 50, 60))
    require_one_time("a.tif", "tyx", (1, 50, 60))
    require_one_time("a.tif", "zyx", (7, 50, 60))


def test_a_coarser_level_has_the_sections_that_meet_those_selected():
    chosen = parts({"z": slice(3, 5), "t": 2})
    assert select_text(parts_at(AXES, (5, 3, 6, 25, 30), chosen)) == "t=2,z=1:3"
    assert select_text(parts_at(AXES, (5, 3, 1, 25, 30), chosen)) == "t=2,z=0"
