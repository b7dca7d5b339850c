import pytest

from terrazzo.regions.intensities.moved_channels import moved_channels


@pytest.mark.parametrize(
    ("names", "others"),
    [
        (("DAPI", "FITC"), ("DAPI", "FITC")),
        (("DAPI", "FITC"), ("Cy3", "Cy5")),
        (("DAPI", "Cy5"), ("DAPI", "FITC")),
        (("1", "0"), ("0", "1")),
        (("a", "a"), ("a", "b")),
        (("FITC",), ("DAPI", "FITC")),
        ((), ()),
    ],
)
def test_the_same_order_other_names_numbers_and_names_that_come_twice_say_nothing(names, others):
    assert moved_channels(names, others) is None


@pytest.mark.parametrize("names", [("FITC", "DAPI"), ("FITC", "Cy5")])
def test_a_name_at_another_place_is_told(names):
    said = moved_channels(names, ("DAPI", "FITC"))
    assert said == f"has the channels {', '.join(names)}, in another order (DAPI, FITC)"
