"""An array with a mask of its own is refused wherever one is taken: its mask would be lost."""

import dask
import dask.array as da
import numpy as np
import pytest
from untrained import untrained_model

import terrazzo as tz
from terrazzo.errors import InputError

PLAIN = np.random.default_rng(0).uniform(0, 1, (40, 50)).astype(np.float32)
CLASSES = (PLAIN > 0.5).astype(np.uint8)
LABELS = np.arange(2000, dtype=np.uint32).reshape(40, 50) // 100 + 1
MASKED = {
    "numpy": np.ma.masked_greater(PLAIN, 0.9),
    "dask": da.ma.masked_greater(da.from_array(PLAIN, chunks=20), 0.9),
    "computed": da.ma.masked_greater(da.from_array(PLAIN, chunks=20), 0.9)[None] * 2,
}


def masked(values):
    return da.ma.masked_equal(da.from_array(values, chunks=20), 1)


TAKING_AN_IMAGE = {
    "superpixels": lambda image, _: tz.superpixels(image, size=8),
    "region_graph": lambda image, _: tz.region_graph(image, LABELS, max_extent=50),
    "annotated_graph": lambda image, _: tz.annotated_graph(image, CLASSES, recipe=tz.Recipe(1), classes=2),
    "plan": lambda image, _: tz.plan(image),
    "predict": lambda image, _: tz.predict(untrained_model(), image),
    "fit": lambda image, _: tz.fit([image], [CLASSES]),
    "fit_unet": lambda image, _: tz.fit_unet([image], [CLASSES]),
    "fit_forest": lambda image, _: tz.fit_forest([image], [CLASSES]),
    "compare": lambda image, folder: tz.compare([image], [CLASSES], folder / "report"),
    "write_ome_zarr": lambda image, folder: tz.write_ome_zarr(folder / "i.zarr", image, axes="cyx"[-image.ndim :]),
}


@pytest.mark.parametrize("kind", MASKED)
@pytest.mark.parametrize("function", TAKING_AN_IMAGE)
def test_a_masked_image_is_refused_with_what_to_give_instead(function, kind, tmp_path):
    with pytest.raises(InputError, match=r"is a masked array, and its mask would be lost; give .*da\.ma\."):
        TAKING_AN_IMAGE[function](MASKED[kind], tmp_path)
    assert not list(tmp_path.iterdir())


TAKING_SOMETHING_ELSE = {
    "labels": lambda: tz.region_graph(PLAIN, masked(LABELS), max_extent=50),
    "mask": lambda: tz.superpixels(PLAIN, size=8, mask=masked(CLASSES)),
    "annotation": lambda: tz.annotated_graph(PLAIN, masked(CLASSES), recipe=tz.Recipe(1), classes=2),
    "annotation of a fit": lambda: tz.fit([PLAIN], [masked(CLASSES)]),
    "annotation of a U-Net": lambda: tz.fit_unet([PLAIN], [masked(CLASSES)]),
}


@pytest.mark.parametrize("what", TAKING_SOMETHING_ELSE)
def test_masked_labels_masks_and_annotations_are_refused(what):
    with pytest.raises(InputError, match=r"is a masked array, and its mask would be lost; give da\.ma\.filled\("):
        TAKING_SOMETHING_ELSE[what]()


def test_what_the_sentence_says_is_right():
    image = da.stack([MASKED["dask"], da.ma.masked_less(da.from_array(PLAIN, chunks=20), 0.2)])
    labels = tz.superpixels(da.ma.getdata(image), size=8, mask=~da.ma.getmaskarray(image).any(axis=0))
    assert np.array_equal(labels.compute() == 0, (np.float32(0.9) < PLAIN) | (np.float32(0.2) > PLAIN))


@pytest.mark.parametrize("chunks", [50, 20])
def test_chunks_with_a_mask_that_nobody_spoke_of_are_refused_on_compute(chunks):
    delayed = dask.delayed(np.ma.masked_greater)(PLAIN, 0.9)
    image = da.from_delayed(delayed, PLAIN.shape, PLAIN.dtype).rechunk(chunks)
    with pytest.raises(InputError, match="a chunk is a masked array, and its mask would be lost"):
        tz.superpixels(image, size=8).compute()
    with pytest.raises(InputError, match="what the mask function returned is a masked array"):
        tz.superpixels(PLAIN, size=8, mask=lambda pixels: np.ma.masked_less(pixels[0], 0.1) > 0.5).compute()
