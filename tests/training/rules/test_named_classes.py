import dask.array as da
import numpy as np
import pytest
from drawings import feature, rectangle, write_features
from flat import lattice
from textures import striped

import terrazzo as tz
from terrazzo.errors import InputError, ParameterError
from terrazzo.palette import PALETTE
from terrazzo.training.rules.named_classes import annotated_colours, named_classes

IMAGE = da.zeros((96, 96), chunks=48)


@pytest.fixture
def annotations(tmp_path):
    """Drawings of one class each, opened with the classes that are given."""

    def annotations(*names, classes):
        shapes = [feature([rectangle(2, 2, 9, 9)], name, color=[i, i, i]) for i, name in enumerate(names)]
        paths = [write_features(tmp_path / f"{i}.geojson", [shape]) for i, shape in enumerate(shapes)]
        return [tz.open_annotation(path, IMAGE, classes=known) for path, known in zip(paths, classes, strict=True)]

    return annotations


def test_the_names_are_those_of_the_annotations_or_those_given(annotations):
    drawn = annotations("a", "b", classes=[["a", "b"]] * 2)
    plain = np.zeros((96, 96), np.uint8)
    assert named_classes([*drawn, plain], None) == ("a", "b")
    assert named_classes([*drawn, plain], ["a", "b"]) == ("a", "b")
    assert named_classes([plain], None) is None
    assert named_classes([plain], ["x"]) == ("x",)


def test_annotations_with_other_classes_are_refused(annotations):
    drawn = annotations("a", "b", classes=[["a"], ["b"]])
    with pytest.raises(ParameterError, match=r"1\.geojson' are b and others are a; open all annotations with the same"):
        named_classes(drawn, None)
    with pytest.raises(ParameterError, match=r"0\.geojson' are a and others are b, a"):
        named_classes(drawn[:1], ["b", "a"])


def test_colours_are_the_first_that_an_annotation_has(annotations):
    drawn = annotations("b", "a", classes=[["a", "b", "c"]] * 2)
    assert annotated_colours(drawn, 3) == ("#010101", "#000000", PALETTE[2])
    assert annotated_colours([np.zeros((3, 3))], 2) is None


def test_a_result_is_not_scored_against_other_classes(annotations, tmp_path):
    image, truth = striped()
    tz.write_ome_zarr(tmp_path / "image.zarr", image, axes="yx")
    model = tz.fit([image], [truth], class_names=["a", "b"], size=8, **lattice(levels=1, width=4, steps=1))
    result = tz.write_prediction(model, tz.open_image(tmp_path / "image.zarr"), tmp_path / "result.zarr")
    (other,) = annotations("b", classes=[["b", "a"]])
    with pytest.raises(
        InputError, match="are b, a and the result's are a, b; open the annotation with open_annotation"
    ):
        tz.score(result, other)
    (same,) = annotations("b", classes=[["a", "b"]])
    assert tz.score(result, same).pixels == 49
