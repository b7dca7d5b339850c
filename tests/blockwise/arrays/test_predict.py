from dataclasses import replace

import dask.array as da
import numpy as np
import pytest
from hypothesis import given, settings
from segmented import blobs
from strategies import chunkings
from untrained import untrained_model

import terrazzo as tz
from terrazzo.errors import InputError, ModelError, ParameterError
from terrazzo.models.passes.declared import Pass
from terrazzo.regions.graphs.recipe import Recipe
from terrazzo.regions.statistics.features import Statistic
from terrazzo.regions.superpixels.superpixel_parameters import SuperpixelParameters

IMAGE = blobs((70, 90))
MODEL = untrained_model()


def predicted(model, image):
    """Return the classes by way of the whole graph."""
    recipe = model.recipe
    lattice, parameters = tz.Lattice.of(image, recipe.superpixels.size), recipe.superpixels
    labels = tz.superpixels(image, parameters)
    graph = tz.region_graph(image, labels, lattice=lattice, features=recipe.features).compute()
    classes = model.class_probabilities(graph).argmax(axis=1)
    return classes[np.searchsorted(graph.ids, labels.compute())]


def test_building_computes_nothing(nothing_computes):  # noqa: ARG001
    assert tz.predict(MODEL, da.from_array(IMAGE, chunks=50)).dtype == np.uint8


@pytest.mark.parametrize("block", [24, 500])
def test_classes_are_those_of_the_whole_graph(block):
    model = untrained_model()
    classes = tz.predict(model, da.from_array(IMAGE, chunks=(1, 31, 90)), block=block).compute()
    expected = predicted(model, IMAGE)
    assert len(np.unique(expected)) > 1
    assert np.mean(classes == expected) > 0.999  # rounding may decide a tie otherwise


@settings(max_examples=4)
@given(chunkings(IMAGE.shape))
def test_chunks_follow_the_image_and_do_not_change_the_classes(chunks):
    classes = tz.predict(MODEL, da.from_array(IMAGE, chunks=chunks), block=48)
    assert classes.chunks == chunks[1:]
    assert np.array_equal(classes.compute(), tz.predict(MODEL, IMAGE, block=48).compute())


def test_a_part_of_the_classes_computes_only_what_it_depends_on():
    seen = set()

    def spy(chunk, block_info=None):
        seen.add(block_info[0]["chunk-location"])
        return chunk

    wide = da.from_array(np.tile(IMAGE, 6), chunks=(1, 70, 24)).map_blocks(spy, meta=np.empty((0, 0, 0), np.float32))
    part = tz.predict(MODEL, wide, block=24)[:, :20]
    seen.clear()
    expected = tz.predict(MODEL, np.tile(IMAGE, 6)).compute()[:, :20]
    assert np.mean(part.compute() == expected) > 0.999
    assert len(seen) < wide.numblocks[2] / 2


def test_the_model_is_in_the_graph_once_with_the_pass_that_needs_it():
    few, many = (
        [v for v in dict(tz.predict(MODEL, IMAGE, block=block).__dask_graph__()).values() if isinstance(v, Pass)]
        for block in (500, 24)
    )
    assert len(few) == len(many) == 3


def test_an_image_with_other_channels_is_refused_at_once(nothing_computes):  # noqa: ARG001
    with pytest.raises(ModelError, match="the image has 2 channels and the model was fitted on 1"):
        tz.predict(MODEL, blobs((20, 20), 2))


def test_a_device_that_is_not_there_is_refused_at_once(nothing_computes):  # noqa: ARG001
    with pytest.raises(ParameterError, match="there is no device 'abacus'"):
        tz.predict(MODEL, IMAGE, device="abacus")


def test_a_pixel_that_is_not_finite_is_named_on_compute():
    image = IMAGE.copy()
    image[0, 60, 7] = np.nan
    with pytest.raises(InputError, match=r"the image is nan in channel 0 at pixel \(y, x\) = \(60, 7\)"):
        tz.predict(MODEL, image).compute()


def test_models_that_differ_in_a_statistics_function_share_no_task():
    def named(compute):
        recipe = Recipe(1, SuperpixelParameters((8, 8)), (Statistic("mine", ("mine",), compute),))
        return tz.predict(replace(untrained_model(), recipe=recipe), IMAGE).name

    assert named(lambda regions: regions.area[:, None]) != named(lambda regions: -regions.area[:, None])


def test_outside_the_mask_there_is_no_class():
    mask = np.indices((70, 90))[1] < 41
    classes = tz.predict(MODEL, da.from_array(IMAGE, chunks=(1, 31, 90)), mask=mask, block=24).compute()
    assert np.array_equal(classes == 255, ~mask)
    assert np.mean(classes == tz.predict(MODEL, IMAGE, mask=lambda _: mask, block=500).compute()) > 0.999


def test_a_mask_with_nothing_inside_predicts_nothing():
    nowhere = np.zeros((70, 90), bool)
    assert (tz.predict(MODEL, np.full((70, 90), np.nan), mask=nowhere, block=24).compute() == 255).all()


def test_what_is_no_mask_is_refused_at_once(nothing_computes):  # noqa: ARG001
    with pytest.raises(InputError, match=r"the mask has \(9, 9\) pixels and its image \(70, 90\) \(y, x\)"):
        tz.predict(MODEL, IMAGE, mask=np.ones((9, 9), bool))


def test_a_volume_is_predicted_whatever_its_chunks(volume, volume_model, ball):
    classes = tz.predict(volume_model, da.from_array(volume, chunks=(4, 30, 33)), mask=ball, block=24)
    assert classes.chunks == ((4, 4, 4, 4, 4, 1), (30, 22), (33, 25))
    assert np.array_equal(classes.compute() == 255, ~ball)
    assert np.array_equal(classes.compute(), tz.predict(volume_model, volume[None], mask=ball, block=24).compute())
    assert np.mean(classes.compute() == tz.predict(volume_model, volume, mask=ball).compute()) > 0.999


def test_a_model_of_volumes_refuses_an_image_at_once(nothing_computes, volume_model):  # noqa: ARG001
    with pytest.raises(ModelError, match=r"the image has the spatial axes \(y, x\) and the model was fitted on"):
        tz.predict(volume_model, IMAGE[0])
