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
    labels = tz.superpixels(IMAGE, parameters)
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


def test_a_mask_takes_nodes_and_their_targets_away(annotation, disc):
    graph, targets = annotated(annotation, mask=da.from_array(disc, chunks=41), block=24).compute()
    parameters = RECIPE.superpixels
    labels = tz.superpixels(IMAGE, parameters, mask=disc).compute()
    assert np.array_equal(graph.ids, np.unique(labels[labels > 0]))
    assert np.array_equal(graph.areas, np.bincount(labels.ravel())[graph.ids])
    expected = [np.bincount(annotation[labels == i], minlength=256)[:3] for i in graph.ids]
    assert np.array_equal(targets.counts, expected)
    for mask, block in ((disc, 500), (lambda _: disc, 500)):
        same, same_targets = annotated(annotation, mask=mask, block=block).compute()
        assert same.equals(graph)
        assert np.array_equal(same_targets.counts, targets.counts)


def test_a_mask_with_nothing_inside_gives_a_graph_without_nodes(annotation):
    graph, targets = annotated(annotation, mask=np.zeros(annotation.shape, bool), block=24).compute()
    assert graph.number_of_nodes == len(targets.counts) == 0
    assert graph.node_columns == RECIPE.node_columns


def test_pixels_outside_the_mask_may_be_nan_and_change_nothing_of_labels_and_areas(annotation, disc):
    image = IMAGE.compute()
    image[:, 110:, 150:] = np.nan
    (graph, targets), (clean, same) = (
        tz.annotated_graph(pixels, annotation, recipe=RECIPE, classes=3, mask=disc, block=24).compute()
        for pixels in (image, IMAGE)
    )
    assert np.isfinite(graph.node_features).all()
    assert np.array_equal(graph.ids, clean.ids)
    assert np.array_equal(graph.areas, clean.areas)
    assert np.array_equal(graph.positions, clean.positions)
    assert np.array_equal(targets.counts, same.counts)


def test_a_volume_has_a_graph_whatever_its_chunks_and_blocks(volume, ball):
    recipe = small_recipe(size=(3, 6, 6))
    truth = (volume > np.median(volume)).astype(np.uint8)
    expected, expected_targets = tz.annotated_graph(volume, truth, recipe=recipe, classes=2, mask=ball).compute()
    assert expected.positions.shape == (expected.number_of_nodes, 3)
    chunked = da.from_array(volume, chunks=(5, 31, 17))
    lazy = tz.annotated_graph(chunked, da.from_array(truth, chunks=19), recipe=recipe, classes=2, mask=ball, block=24)
    graph, targets = lazy.compute()
    assert graph.equals(expected)
    assert np.array_equal(targets.counts, expected_targets.counts)
    labels = tz.superpixels(volume, recipe.superpixels, mask=ball).compute()
    assert np.array_equal(graph.areas, np.bincount(labels.ravel())[graph.ids])


def test_an_annotation_of_a_volume_names_three_axes(nothing_computes, volume):  # noqa: ARG001
    with pytest.raises(InputError, match=r"the annotation has \(52, 58\) pixels \(z, y, x\) and its image"):
        tz.annotated_graph(volume, np.zeros((52, 58), np.uint8), recipe=small_recipe(size=(3, 6, 6)), classes=2)
