from terrazzo.palette import PALETTE, class_colours


def test_a_class_has_its_own_colour_or_one_of_the_palette():
    assert class_colours(3, ("#00FF00", None)) == ["#00FF00", PALETTE[1], PALETTE[2]]
    assert class_colours(9, ()) == [*PALETTE, PALETTE[0]]


def test_what_is_no_colour_counts_as_none():
    assert class_colours(2, ("red; display: none", "#00f")) == list(PALETTE[:2])
