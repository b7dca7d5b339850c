from types import SimpleNamespace

import numpy as np
import pytest

from terrazzo.errors import InputError
from terrazzo.named_axes import extent_of, letters_of, names_axes, spatial_letters


def named(**sizes):
    """Stands for an array of xarray: its axes in order."""
    return SimpleNamespace(dims=tuple(sizes), sizes=sizes, coords={}, isel=None)


def test_axes_are_known_by_what_people_call_them_in_any_order():
    assert letters_of(named(X=4, Channel=2, row=3)) == {"x": "X", "c": "Channel", "y": "row"}
    assert letters_of(named(time=1, z=2, y=3, x=4)) == {"t": "time", "z": "z", "y": "y", "x": "x"}


def test_a_z_axis_of_length_one_makes_no_volume():
    assert (spatial_letters(named(z=1, y=3, x=4)), extent_of(named(x=4, z=1, y=3))) == ("yx", (3, 4))
    assert (spatial_letters(named(y=3, z=2, x=4)), extent_of(named(y=3, z=2, x=4))) == ("zyx", (2, 3, 4))


@pytest.mark.parametrize("sizes", [{"lat": 3, "lon": 4}, {"y": 3, "c": 2}, {"y": 3, "x": 4, "row": 3}])
def test_other_names_are_refused_with_how_to_rename_them(sizes):
    with pytest.raises(InputError, match=rf"has the axes {', '.join(sizes)}; those of an image are y and x.*rename"):
        letters_of(named(**sizes))


def test_arrays_that_name_no_axes_are_none_of_these_and_a_set_of_arrays_is_refused():
    assert not names_axes(np.zeros((3, 4)))
    assert names_axes(named(y=3, x=4))
    with pytest.raises(InputError, match="a data set of the arrays 'a', 'b'; give one of them, as in dataset"):
        names_axes(SimpleNamespace(dims=("y", "x"), coords={}, data_vars={"a": 0, "b": 0}, isel=None))
