import dask.array as da
import numpy as np
import pytest
from segmented import blobs, small_recipe

import terrazzo as tz
from terrazzo.errors import InputError

RECIPE = small_recipe()
IMAGE = da.from_array(blobs((130, 170)), chunks=(1, 64, 50))


def annotated(annotation, **others):
    chunked = da.from_array(annotation, chunks=(37, 90))
    return tz.annotated_graph(IMAGE, chunked, **{"recipe": RECIPE, "classes": 3} | others)


def test_building_computes_nothing(nothing_computes, annotation):  # noqa: ARG001
    assert not isinstance(annotated(annotation), tuple)


@pytest.mark.parametrize("block", [24, 64, 500])
def test_the_pair_is_the_region_graph_and_the_annotated_pixels_under_its_nodes(annotation, block):
    graph, targets = annotated(annotation, block=block).compute()
    parameters = RECIPE.superpixels
    lattice = tz.Lattice.of(IMAGE, parameters.size)
    labels = tz.superpixels(IMAGE, lattice, iterations=parameters.iterations, scale=parameters.scale)
    alone = tz.region_graph(IMAGE, labels, lattice=lattice, features=RECIPE.features).compute()
    assert graph.equals(alone)
    labels = labels.compute()
    expected = [np.bincount(annotation[labels == i], minlength=256)[:3] for i in graph.ids]
    assert np.array_equal(targets.counts, expected)


def test_an_annotation_of_larger_whole_numbers_is_taken(annotation):
    _, targets = annotated(annotation).compute()
    _, same = annotated(annotation.astype(np.int64)).compute()
    assert np.array_equal(targets.counts, same.counts)


def test_an_annotation_of_another_extent_is_refused_at_once(nothing_computes, annotation):  # noqa: ARG001
    with pytest.raises(InputError, match=r"the annotation has \(130, 100\) pixels \(y, x\) and its image \(130, 170\)"):
        annotated(annotation[:, :100])


def test_a_value_that_is_no_class_is_refused_on_compute(annotation):
    annotation[100, 100] = 7
    with pytest.raises(InputError, match="holds the value 7; with 3 classes it must be 0 to 2, or 255"):
        annotated(annotation).compute()
