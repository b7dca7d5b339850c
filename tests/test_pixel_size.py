import pytest

from terrazzo.pixel_size import in_unit, is_same_size, size_ratio


@pytest.mark.parametrize(
    ("unit", "length"), [("micrometer", 2), ("nanometer", 2000), ("millimeter", 0.002), ("angstrom", 20_000)]
)
def test_micrometres_are_brought_to_other_units(unit, length):
    assert in_unit(2, unit) == pytest.approx(length)


@pytest.mark.parametrize("unit", [None, "pixel"])
def test_a_unit_that_is_none_leaves_the_number(unit):
    assert in_unit(2, unit) == 2


@pytest.mark.parametrize(
    ("size", "unit", "other", "other_unit", "ratio"),
    [
        ((0.5, 0.5), "micrometer", (250, 250), "nanometer", 2),
        ((7, 2, 2), "micrometer", (1, 1, 4), "micrometer", 1),
        ((2, 2), None, (1, 1), None, 2),
        ((2, 2), "furlong", (1, 1), "furlong", 2),
        ((2, 2), "furlong", (1, 1), "micrometer", None),
        ((2, 2), "micrometer", (1, 1), None, None),
        (None, None, (1, 1), None, None),
        ((0, 1), None, (1, 1), None, None),
    ],
)
def test_sizes_are_compared_along_y_and_x_where_their_units_can_be(size, unit, other, other_unit, ratio):
    assert size_ratio(size, unit, other, other_unit) == (ratio if ratio is None else pytest.approx(ratio))


def test_a_few_percent_are_the_same():
    assert is_same_size(1.04)
    assert is_same_size(1 / 1.04)
    assert is_same_size(None)
    assert not is_same_size(1.07)
    assert not is_same_size(1 / 1.07)
