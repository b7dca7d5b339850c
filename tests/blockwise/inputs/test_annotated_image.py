import dask.array as da
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from segmented import blobs, small_recipe

import terrazzo as tz
from terrazzo.blockwise.arrays.annotated_graph import lazy_annotated_graph
from terrazzo.blockwise.inputs.annotated_image import annotated_image
from terrazzo.blockwise.inputs.windows import read_window
from terrazzo.errors import InputError
from terrazzo.kernels.superpixels.adjacency import REACH
from terrazzo.regions.classes.annotation import NOT_ANNOTATED

RECIPE = small_recipe()
SHAPE = (130, 170)


def scribbled(places, shape=SHAPE):
    annotation = np.full(shape, NOT_ANNOTATED, np.uint8)
    for i, place in enumerate(places):
        annotation[place] = i % 3
    return annotation


def image_with(annotation, pixels=None, **others):
    image = blobs(annotation.shape) if pixels is None else pixels
    return annotated_image(image, annotation, **{"recipe": RECIPE, "classes": 3, "block": 24} | others)


def rings(annotated, layers):
    graph, targets = lazy_annotated_graph(annotated).compute()
    rows = graph.ring(np.flatnonzero(targets.annotated), layers)
    return graph.subgraph(rows), targets.counts[rows]


@settings(max_examples=15, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 129), st.integers(0, 169)), min_size=1, max_size=3),
    st.integers(0, 3),
    st.sampled_from([24, 31, 48]),
)
def test_the_blocks_near_the_annotation_have_all_that_its_rings_need(places, layers, block):
    whole = image_with(scribbled(places), block=block)
    near = whole.near_annotation(REACH * layers + 1)
    assert set(near.blocks) <= set(whole.blocks)
    (graph, counts), (expected, expected_counts) = (rings(one, layers) for one in (near, whole))
    assert graph.equals(expected)
    assert np.array_equal(counts, expected_counts)


def test_blocks_far_from_the_annotation_are_not_looked_at():
    pixels = blobs(SHAPE)
    # 48 pixels of blocks, the superpixels of the blocks next to them, and what those look at
    pixels[:, 120:] = np.nan
    whole = image_with(scribbled([(10, 10), (12, 60)]), pixels)
    near = whole.near_annotation(REACH + 1)
    assert {block.index[0] for block in near.blocks} == {0, 1}
    assert near.cells < whole.cells / 2
    lazy_annotated_graph(near).compute()
    with pytest.raises(InputError, match="the image is nan in channel 0"):
        lazy_annotated_graph(whole).compute()


def test_an_image_without_annotation_has_no_blocks_and_a_graph_without_nodes():
    near = image_with(scribbled([])).near_annotation(9)
    assert near.blocks == ()
    graph, targets = lazy_annotated_graph(near).compute()
    assert graph.number_of_nodes == len(targets.counts) == 0
    assert targets.number_of_classes == 3


def test_chunks_do_not_change_which_blocks_are_near():
    annotation = scribbled([(10, 10), (129, 169)])
    expected = image_with(annotation).near_annotation(3).blocks
    assert image_with(da.from_array(annotation, chunks=(13, 41))).near_annotation(3).blocks == expected


def test_values_that_are_no_class_are_refused_wherever_they_are():
    annotation = scribbled([(10, 10)])
    annotation[100, 100] = 7
    with pytest.raises(InputError, match="holds the value 7"):
        image_with(annotation).near_annotation(1)


@pytest.mark.parametrize("wrong", [False, True])
def test_of_files_the_same_windows_are_read_and_the_same_blocks_are_near(tmp_path, wrong):
    annotation = scribbled([(10, 10), (129, 169)])
    annotation[60, 60] = 7 if wrong else 2
    image, labels = tmp_path / "image.npy", tmp_path / "labels.npy"
    np.save(image, blobs(SHAPE))
    np.save(labels, annotation)
    files = tz.open_image(image), tz.open_labels(labels)
    whole = image_with(files[1].plane, files[0])
    stored = whole.read_from(*files)
    if wrong:
        with pytest.raises(InputError, match="holds the value 7"):
            stored.near_annotation(3)
        return
    assert stored.near_annotation(3).blocks == whole.near_annotation(3).blocks
    block = whole.blocks[8]
    for found, expected in zip(stored.readable, whole.readable, strict=True):
        assert isinstance(expected, da.Array)
        assert not isinstance(found, da.Array)
        window, same = read_window(found, block.core), read_window(expected, block.core)
        assert window.dtype == same.dtype
        assert np.array_equal(window, same)
