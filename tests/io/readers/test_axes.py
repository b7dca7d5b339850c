import pytest

from terrazzo.errors import InputError, ParameterError
from terrazzo.io.readers.axes import channel_names, in_image_order, settled_axes

PATH = "picture.tif"


@pytest.mark.parametrize(
    ("shape", "axes"),
    [
        ((50, 60), "yx"),
        ((50, 60, 3), "yxc"),
        ((50, 60, 4), "yxc"),
        ((1, 50, 60), "cyx"),
        ((16, 50, 60), "cyx"),
        ((3, 50, 4), "cyx"),
    ],
)
def test_axes_are_guessed_from_lengths_that_leave_little_doubt(shape: tuple[int, ...], axes: str) -> None:
    assert settled_axes(PATH, shape, asked=None, found=None) == axes


@pytest.mark.parametrize("shape", [(17, 50, 60), (50, 60, 2), (2, 3, 50, 60)])
def test_axes_that_cannot_be_guessed_ask_for_the_axes_argument(shape: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match=r"pass axes="):
        settled_axes(PATH, shape, asked=None, found=None)


def test_what_the_caller_says_wins_over_the_file_and_the_file_over_a_guess() -> None:
    assert settled_axes(PATH, (3, 50, 3), asked="yxc", found="cyx") == "yxc"
    assert settled_axes(PATH, (3, 50, 60), asked=None, found="yxc") == "yxc"


def test_letters_of_unknown_meaning_leave_a_question_and_no_guess() -> None:
    with pytest.raises(InputError, match=r"does not say what its 3 axes of shape \(3, 50, 60\) are: pass axes="):
        settled_axes(PATH, (3, 50, 60), asked=None, found="qyx")
    assert settled_axes(PATH, (3, 50, 60), asked="zyx", found="qyx") == "zyx"
    assert settled_axes(PATH, (50, 60), asked=None, found="??") == "yx"


@pytest.mark.parametrize(("shape", "said"), [((), "0 axes"), ((60,), "1 axis"), ((1, 1, 1, 1, 50, 60), "6 axes")])
@pytest.mark.parametrize("asked", [None, "yx"])
def test_too_few_and_too_many_axes_are_refused_with_what_an_image_has(
    shape: tuple[int, ...], said: str, asked: str | None
) -> None:
    with pytest.raises(InputError, match=f"has {said}, of shape .*; an image has y and x, and at most one each of"):
        settled_axes(PATH, shape, asked=asked, found=None)


def test_capital_letters_are_the_same_axes() -> None:
    assert settled_axes(PATH, (2, 50, 60), asked="CYX", found=None) == "cyx"


@pytest.mark.parametrize("asked", ["yy", "cy", "yxq", "cyxc", ""])
def test_a_malformed_axes_argument_is_refused(asked: str) -> None:
    with pytest.raises(ParameterError, match=f"axes='{asked}' must name each axis"):
        settled_axes(PATH, (50, 60), asked=asked, found=None)


def test_an_axes_argument_of_the_wrong_length_is_refused_with_both_numbers() -> None:
    with pytest.raises(InputError, match=r"has 2 axes.*axes='cyx' names 3"):
        settled_axes(PATH, (50, 60), asked="cyx", found=None)


def test_a_volume_is_never_guessed_and_the_message_says_how_to_open_one() -> None:
    with pytest.raises(InputError, match=r"pass axes=, such as axes='zyx' for a volume"):
        settled_axes(PATH, (40, 50, 60), asked=None, found=None)
    assert settled_axes(PATH, (7, 50, 60), asked=None, found=None) == "cyx"
    assert settled_axes(PATH, (40, 50, 60), asked="zyx", found=None) == "zyx"


@pytest.mark.parametrize(
    ("axes", "shape", "ordered"),
    [
        ("yx", (50, 60), (1, 50, 60)),
        ("yxc", (50, 60, 3), (3, 50, 60)),
        ("zyx", (7, 50, 60), (1, 7, 50, 60)),
        ("zcyx", (7, 2, 50, 60), (2, 7, 50, 60)),
        ("xyz", (60, 50, 7), (1, 7, 50, 60)),
        ("tczyx", (1, 2, 1, 50, 60), (2, 50, 60)),
        ("tczyx", (1, 2, 7, 50, 60), (2, 7, 50, 60)),
    ],
)
def test_lengths_come_in_the_order_of_an_image_or_of_a_volume(
    axes: str, shape: tuple[int, ...], ordered: tuple[int, ...]
) -> None:
    assert in_image_order(axes, shape, shape) == ordered


def test_chunks_of_one_section_do_not_make_a_volume_an_image() -> None:
    assert in_image_order("zyx", (7, 50, 60), (1, 25, 60)) == (1, 1, 25, 60)


def test_t_and_z_axes_of_length_one_are_kept_in_the_names() -> None:
    assert settled_axes(PATH, (1, 2, 1, 50, 60), asked=None, found="tczyx") == "tczyx"


def test_two_channel_axes_in_a_file_are_refused() -> None:
    with pytest.raises(InputError, match="at most one c axis"):
        settled_axes(PATH, (2, 50, 60, 3), asked=None, found="cyxc")


def test_an_empty_image_is_refused_with_its_shape() -> None:
    with pytest.raises(InputError, match=r"is empty: its shape is \(0, 60\)"):
        settled_axes(PATH, (0, 60), asked=None, found=None)


def test_three_or_four_channels_in_last_place_are_colours() -> None:
    assert channel_names("yxc", 3) == ("red", "green", "blue")
    assert channel_names("yxc", 4) == ("red", "green", "blue", "alpha")
    assert channel_names("cyx", 3) == ("0", "1", "2")
    assert channel_names("yx", 1) == ("0",)
