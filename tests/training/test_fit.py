import dask.array as da
import numpy as np
import pytest
from textures import NAMES, striped

import terrazzo as tz
from terrazzo.errors import InputError, ParameterError
from terrazzo.regions.features import AREA, INTENSITY

QUICK = {"size": 8, "epochs": 12, "layers": 2, "width": 16, "device": "cpu"}
PAIRS = [striped(seed=seed) for seed in range(3)]
IMAGES, ANNOTATIONS = [image for image, _ in PAIRS], [classes for _, classes in PAIRS]


@pytest.fixture(scope="module")
def model():
    return tz.fit(IMAGES, ANNOTATIONS, class_names=NAMES, **QUICK)


def accuracy_of(model, seed=9):
    image, classes = striped(seed=seed)
    return np.mean(tz.predict(model, image).compute() == classes)


def test_a_model_learns_a_texture(model):
    assert accuracy_of(model) > 0.9


def test_a_model_holds_what_predict_needs(model):
    assert model.class_names == NAMES
    assert len(model.colours) == 2
    assert model.recipe.superpixels.size == (8, 8)
    assert model.recipe.channels == 1
    assert model.fitted["epochs"] >= 1
    assert model.fitted["validation_accuracy"] > 0.8


def test_the_same_seed_gives_the_same_model(model):
    again = tz.fit(IMAGES, ANNOTATIONS, class_names=NAMES, **QUICK)
    assert again.fingerprint() == model.fingerprint()
    other = tz.fit(IMAGES, ANNOTATIONS, class_names=NAMES, seed=1, **QUICK)
    assert other.fingerprint() != model.fingerprint()


def test_chunks_do_not_change_the_model(model):
    chunked = [da.from_array(image, chunks=(40, 31)) for image in IMAGES]
    again = tz.fit(chunked, ANNOTATIONS, class_names=NAMES, **QUICK)
    assert again.fingerprint() == model.fingerprint()


def test_sparse_annotations_are_enough():
    scribbles = []
    for classes in ANNOTATIONS:
        sparse = np.full_like(classes, 255)
        sparse[10::30] = classes[10::30]
        scribbles.append(sparse)
    assert accuracy_of(tz.fit(IMAGES, scribbles, **QUICK)) > 0.85


def test_files_are_fitted_on_and_their_pixel_size_is_kept(tmp_path):
    for name, array in (("image", IMAGES[0]), ("annotation", ANNOTATIONS[0])):
        tz.write_ome_zarr(tmp_path / f"{name}.zarr", array, axes="yx", pixel_size=(0.5, 0.25))
    image, annotation = tz.open_image(tmp_path / "image.zarr"), tz.open_labels(tmp_path / "annotation.zarr")
    model = tz.fit([image], [annotation], **QUICK | {"epochs": 2})
    assert model.pixel_size == (0.5, 0.25)
    assert model.class_names == ("class 0", "class 1")


def test_progress_is_told():
    graphs, epochs = [], []
    settings = QUICK | {"epochs": 2, "features": (AREA, INTENSITY)}
    tz.fit(IMAGES, ANNOTATIONS, graph_done=lambda *now: graphs.append(now), progress=epochs.append, **settings)
    assert graphs == [(1, 3), (2, 3), (3, 3)]
    assert [epoch.epoch for epoch in epochs] == [1, 2]


def test_a_boolean_annotation_has_two_classes():
    masks = [classes > 0 for classes in ANNOTATIONS]
    assert tz.fit(IMAGES, masks, **QUICK | {"epochs": 1}).network.config.classes == 2


@pytest.mark.parametrize(
    ("images", "annotations", "message"),
    [
        ([], [], "0 images came with 0 annotations; give one each"),
        (IMAGES, ANNOTATIONS[:2], "3 images came with 2 annotations; give one each"),
        (IMAGES[:1], [ANNOTATIONS[0][:90]], r"the annotation has \(90, 96\) pixels \(y, x\) and its image \(96, 96\)"),
        ([IMAGES[0], np.stack([IMAGES[1]] * 3)], ANNOTATIONS[:2], r"the images have \[1, 3\] channels"),
        (IMAGES[:1], [ANNOTATIONS[0] / 2], "an annotation is float64 with 2 axes; it must hold whole numbers"),
        (IMAGES[:1], [ANNOTATIONS[0][None]], "an annotation is uint8 with 3 axes"),
        (IMAGES[:1], [ANNOTATIONS[0].astype(np.int16) - 1], "the annotation holds the value -1"),
    ],
)
def test_images_and_annotations_that_do_not_fit_are_refused(images, annotations, message):
    with pytest.raises(InputError, match=message):
        tz.fit(images, annotations, **QUICK)


def test_a_value_beyond_the_names_is_refused():
    with pytest.raises(InputError, match="holds the value 2; with 2 classes it must be 0 to 1, or 255"):
        tz.fit(IMAGES[:1], [ANNOTATIONS[0] * 2], class_names=NAMES, **QUICK)


def test_values_that_no_byte_holds_are_refused():
    with pytest.raises(InputError, match="there are 301 classes; there must be 1 to 255"):
        tz.fit(IMAGES[:1], [ANNOTATIONS[0].astype(np.uint16) * 300], **QUICK)


@pytest.mark.parametrize("value", [0, 1])
def test_one_class_alone_cannot_be_learned(value):
    with pytest.raises(ParameterError, match=f"class {value} is the only one annotated"):
        tz.fit(IMAGES[:1], [np.full_like(ANNOTATIONS[0], value)], **QUICK)


def test_without_annotated_pixels_nothing_can_be_learned():
    with pytest.raises(ParameterError, match="no pixel under a region is annotated"):
        tz.fit(IMAGES[:1], [np.full_like(ANNOTATIONS[0], 255)], class_names=NAMES, **QUICK)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"size": 1}, "size is 1"),
        ({"compactness": -1}, "compactness is -1"),
        ({"epochs": 0}, "epochs is 0"),
        ({"device": "abacus"}, "there is no device 'abacus'"),
        ({"class_names": ("one", "one")}, "class_names are .*; give 2 different ones, one per class"),
        ({"colours": ("#000000",)}, "colours are .*; give 2 of the form #rrggbb, one per class"),
    ],
)
def test_a_parameter_out_of_range_is_refused(settings, message):
    with pytest.raises(ParameterError, match=message):
        tz.fit(IMAGES[:1], ANNOTATIONS[:1], **QUICK | settings)
