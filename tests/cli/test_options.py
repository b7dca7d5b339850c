import pytest

from terrazzo.cli.options import parse_levels, parse_size, parse_weights
from terrazzo.errors import ParameterError


@pytest.mark.parametrize(
    ("text", "size"), [("16", 16), ("8,16", (8, 16)), ("2,8,8", (2, 8, 8)), ("2, 8, 8", (2, 8, 8)), ("1", 1)]
)
def test_a_size_is_one_number_or_one_per_axis(text, size):
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "large", "8,", "8;8", "8.5", "2,8,8,8", "2,x"])
def test_what_is_no_size_is_a_mistake_that_shows_what_one_looks_like(text):
    with pytest.raises(ParameterError, match=r"^size is '.*'; it must be a whole number .* or 2,8,8 for \(z, y, x\)$"):
        parse_size(text)


@pytest.mark.parametrize(
    ("text", "levels"),
    [
        ("3", 3),
        ("1,3,3", ((1, 3, 3),)),
        ("1,3,3 3", ((1, 3, 3), 3)),
        ("1,3,3+3 5", (((1, 3, 3), (3,)), 5)),
        ("3+5", (((3,), (5,)),)),
        ("1 2 4", (1, 2, 4)),
    ],
)
def test_levels_have_spaces_between_them_axes_commas_and_convolutions_a_plus(text, levels):
    assert parse_levels("kernels", text) == levels


@pytest.mark.parametrize("text", ["", "3x3", "1,,3", "3+", "1.5"])
def test_what_is_no_level_is_a_mistake_that_shows_what_one_looks_like(text):
    with pytest.raises(ParameterError, match=r"^pools is '.*'; write one number, such as 3"):
        parse_levels("pools", text)


def test_weights_are_numbers_with_commas():
    assert parse_weights("1,0.5") == (1.0, 0.5)
    assert parse_weights(None) is None
    with pytest.raises(ParameterError, match="weights are '1;2'; give one number per channel"):
        parse_weights("1;2")
