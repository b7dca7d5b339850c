from typing import Any

import pytest

from terrazzo.errors import ParameterError
from terrazzo.io.ngff import channel_labels, levels, ome_metadata
from terrazzo.io.ngff import multiscale as written


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
        {"y": 2.0, "x": 3.0},
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
    assert levels(multiscale(datasets=[dataset]))[0].pixel_size == {"y": 2.0, "x": 3.0}


@pytest.mark.parametrize(
    ("units", "scale", "size", "unit"),
    [
        (("micrometer", "nanometer"), [2, 500], {"y": 2, "x": 0.5}, "micrometer"),
        (("µm", "um"), [2, 3], {"y": 2, "x": 3}, "micrometer"),
        (("micrometer", "furlong"), [2, 3], None, None),
        (("furlong", "furlong"), [2, 3], {"y": 2, "x": 3}, "furlong"),
        (("micrometer", "micrometer"), [0, 3], None, None),
        (("micrometer", "micrometer"), [2, -3], None, None),
        (("micrometer", "micrometer"), [2, float("nan")], None, None),
    ],
)
def test_sizes_are_in_the_unit_of_y_and_none_where_they_cannot_be(units, scale, size, unit) -> None:
    axes = [{"name": name, "unit": own} for name, own in zip("yx", units, strict=True)]
    dataset = {"path": "0", "coordinateTransformations": [{"type": "scale", "scale": scale}]}
    (level,) = levels(multiscale(axes=axes, datasets=[dataset]))
    assert (level.pixel_size, level.pixel_unit) == (size, unit)


def test_axes_of_channels_and_of_time_are_told_by_their_type_whatever_they_are_called() -> None:
    axes = [{"name": "frame", "type": "time"}, {"name": "channel", "type": "channel"}, {"name": "Y"}, {"name": "x"}]
    dataset = {"path": "0", "coordinateTransformations": [{"type": "scale", "scale": [1, 1, 2, 3]}]}
    (level,) = levels(multiscale(axes=axes, datasets=[dataset]))
    assert level.axes == "tcyx"


@pytest.mark.parametrize(
    ("z", "size"),
    [
        ({"unit": "micrometer"}, {"z": 9.0, "y": 2.0, "x": 3.0}),
        ({"unit": "nanometer"}, {"z": 0.009, "y": 2.0, "x": 3.0}),
        ({}, {"y": 2.0, "x": 3.0}),
    ],
    ids=["same", "other", "none"],
)
def test_a_z_axis_has_a_size_where_its_unit_can_be_that_of_the_others(
    z: dict[str, str], size: dict[str, float]
) -> None:
    axes = [{"name": "z"} | z, *multiscale()["multiscales"][0]["axes"]]
    dataset = {"path": "0", "coordinateTransformations": [{"type": "scale", "scale": [9.0, 2.0, 3.0]}]}
    (level,) = levels(multiscale(axes=axes, datasets=[dataset]))
    assert (level.axes, level.pixel_size, level.pixel_unit) == ("zyx", size, "micrometer")


def test_what_is_written_of_a_volume_is_read_again() -> None:
    (level,) = levels({"multiscales": [written("a", "czyx", (9.0, 2.0, 3.0), "nanometer", {"0": (1, 1, 1)})]})
    assert (level.axes, level.pixel_size, level.pixel_unit) == ("czyx", {"z": 9.0, "y": 2.0, "x": 3.0}, "nanometer")


@pytest.mark.parametrize(("axes", "size"), [("czyx", (1, 2)), ("cyx", (1, 2, 3)), ("zyx", (1, 2, 3, 4))])
def test_a_pixel_size_for_other_axes_is_refused(axes: str, size: tuple[float, ...]) -> None:
    with pytest.raises(ParameterError, match=f"pixel_size has {len(size)} entries; the axes '.*yx' need"):
        written("a", axes, size, "nanometer", {"0": (1,) * len(axes.removeprefix("c"))})


def test_channel_labels_count_only_when_every_channel_has_one() -> None:
    assert channel_labels({"omero": {"channels": [{"label": "a"}, {"label": "b"}]}}) == ("a", "b")
    assert channel_labels({"omero": {"channels": [{"label": "a"}, {}]}}) is None
    assert channel_labels({}) is None
