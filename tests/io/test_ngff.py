from typing import Any

import pytest

from terrazzo.io.ngff import channel_labels, levels, ome_metadata


def multiscale(**changes: Any) -> dict[str, Any]:
    axes = [{"name": "y", "unit": "micrometer"}, {"name": "x", "unit": "micrometer"}]
    dataset = {"path": "0", "coordinateTransformations": [{"type": "scale", "scale": [2.0, 3.0]}]}
    return {"multiscales": [{"axes": axes, "datasets": [dataset]} | changes]}


def test_metadata_are_found_under_ome_and_at_the_top() -> None:
    assert ome_metadata({"ome": {"a": 1}, "b": 2}) == {"a": 1}
    assert ome_metadata({"b": 2}) == {"b": 2}


def test_a_level_tells_its_path_axes_size_and_unit() -> None:
    (level,) = levels(multiscale())
    assert (level.path, level.axes, level.pixel_size, level.pixel_unit) == (
        "0",
        "yx",
        (2.0, 3.0),
        "micrometer",
    )


@pytest.mark.parametrize(("axes", "letters"), [(["t", "c", "y", "x"], "tcyx"), ("missing", "tczyx")])
def test_axes_of_older_versions_are_names_or_the_fixed_five(axes: Any, letters: str) -> None:
    metadata = multiscale(axes=axes)
    if axes == "missing":
        del metadata["multiscales"][0]["axes"]
    (level,) = levels(metadata)
    assert (level.axes, level.pixel_size, level.pixel_unit) == (letters, None, None)


def test_an_axis_with_a_long_name_is_unknown() -> None:
    (level,) = levels(multiscale(axes=[{"name": "wavelength"}, {"name": "y"}, {"name": "x"}]))
    assert level.axes == "?yx"


def test_translations_are_passed_over() -> None:
    dataset = {
        "path": "0",
        "coordinateTransformations": [
            {"type": "translation", "translation": [9.0, 9.0]},
            {"type": "scale", "scale": [2.0, 3.0]},
        ],
    }
    assert levels(multiscale(datasets=[dataset]))[0].pixel_size == (2.0, 3.0)


def test_different_units_of_y_and_x_leave_no_pixel_size() -> None:
    (level,) = levels(multiscale(axes=[{"name": "y", "unit": "micrometer"}, {"name": "x", "unit": "millimeter"}]))
    assert (level.pixel_size, level.pixel_unit) == (None, None)


def test_channel_labels_count_only_when_every_channel_has_one() -> None:
    assert channel_labels({"omero": {"channels": [{"label": "a"}, {"label": "b"}]}}) == ("a", "b")
    assert channel_labels({"omero": {"channels": [{"label": "a"}, {}]}}) is None
    assert channel_labels({}) is None
