import time

import dask.array as da
import numpy as np
import pytest
from distributed import get_task_stream
from flat import lattice
from textures import NAMES, striped

import terrazzo as tz
from terrazzo.blockwise.cluster.cluster import cluster_client
from terrazzo.errors import InputError, ParameterError
from terrazzo.progress import STEPS
from terrazzo.regions.statistics.features import AREA, INTENSITY
from terrazzo.training.rules.schedule import FEWEST, LEAST_STEPS

QUICK = {"size": 8, "steps": 2, "levels": 1, "blocks": 1, "width": 8, "device": "cpu"}
PAIRS = [striped(seed=seed) for seed in range(3)]
IMAGES, ANNOTATIONS = [image for image, _ in PAIRS], [classes for _, classes in PAIRS]


def test_a_model_holds_what_predict_needs():
    model = tz.fit(IMAGES, ANNOTATIONS, class_names=NAMES, **lattice(**QUICK))
    assert model.class_names == NAMES
    assert len(model.colours) == 2
    assert model.recipe.superpixels.size == (8, 8)
    assert model.recipe.channels == 1
    assert model.fitted["epochs"] == 1


def test_seconds_count_the_graphs(caplog):
    with tz.on_progress(lambda step: time.sleep(0.2 if step.name == "graphs" else 0)):
        model = tz.fit(IMAGES, ANNOTATIONS, class_names=NAMES, **lattice(**QUICK | {"steps": None, "seconds": 0.3}))
    assert FEWEST <= model.fitted["steps"] <= LEAST_STEPS
    assert "0.3 s are too few for 40 steps and what comes before them" in caplog.text


def test_files_are_fitted_on_and_their_pixel_size_is_kept(tmp_path):
    for name, array in (("image", IMAGES[0]), ("annotation", ANNOTATIONS[0])):
        tz.write_ome_zarr(tmp_path / f"{name}.zarr", array, axes="yx", pixel_size=(0.5, 0.25))
    image, annotation = tz.open_image(tmp_path / "image.zarr"), tz.open_labels(tmp_path / "annotation.zarr")
    model = tz.fit([image], [annotation], **lattice(**QUICK))
    assert (model.pixel_size, model.pixel_unit) == ((0.5, 0.25), "micrometer")
    assert model.class_names == ("class 0", "class 1")


@pytest.mark.parametrize(
    ("sizes", "remembered"),
    [
        ([(0.5, 0.5, "micrometer"), (501, 502, "nanometer"), (0.5, 0.5, "micrometer")], (0.5, 0.5)),
        ([(0.5, 0.5, "micrometer"), (0.6, 0.6, "micrometer"), (0.5, 0.5, "micrometer")], None),
    ],
)
def test_images_whose_pixels_are_alike_but_for_rounding_give_a_model_their_size(tmp_path, caplog, sizes, remembered):
    images = []
    for number, (*size, unit) in enumerate(sizes):
        tz.write_ome_zarr(tmp_path / f"{number}.zarr", IMAGES[number], axes="yx", pixel_size=size, pixel_unit=unit)
        images.append(tz.open_image(tmp_path / f"{number}.zarr"))
    model = tz.fit(images, ANNOTATIONS, **lattice(**QUICK))
    assert (model.pixel_size, model.pixel_unit) == (remembered, remembered and "micrometer")
    said = [record.getMessage() for record in caplog.records if "pixels differ in size" in record.getMessage()]
    assert len(said) == (remembered is None)


def test_progress_is_told():
    told = []
    settings = QUICK | {"steps": 51, "features": (AREA, INTENSITY)}
    with tz.on_progress(told.append):
        tz.fit(IMAGES, ANNOTATIONS, **lattice(**settings))
    told = [step for step in told if step.name != STEPS]
    steps = [(step.name, step.done, step.total) for step in told]
    assert steps == [("graphs", 1, 3), ("graphs", 2, 3), ("graphs", 3, 3), ("epochs", 1, 2), ("epochs", 2, 2)]
    assert [step.detail.epoch for step in told[3:]] == [1, 2]


def test_a_boolean_annotation_has_two_classes():
    masks = [classes > 0 for classes in ANNOTATIONS]
    assert tz.fit(IMAGES, masks, **lattice(**QUICK)).network.config.classes == 2


def test_colour_and_weights_go_with_the_model():
    images = [np.stack([image, 255 - image, image]) for image in IMAGES]
    others = {name: value for name, value in QUICK.items() if name != "size"}
    coloured = tz.SuperpixelParameters((8, 8), colour="lab", weights=(2, 1, 1))
    model = tz.fit(images, ANNOTATIONS, superpixels=coloured, **lattice(**others))
    assert model.recipe.superpixels.colour == "lab"
    assert model.recipe.superpixels.weights == (2, 1, 1)
    other = tz.fit(images, ANNOTATIONS, **lattice(**QUICK))
    assert other.fingerprint() != model.fingerprint()


def test_annotated_pixels_outside_a_mask_are_not_learned():
    halves = [np.indices(image.shape)[0] < 48 for image in IMAGES]
    wrong = [np.where(half, classes, 1 - classes) for half, classes in zip(halves, ANNOTATIONS, strict=True)]
    settings = QUICK | {"features": (AREA, INTENSITY)}
    expected, found = (tz.fit(IMAGES, truth, masks=halves, **lattice(**settings)) for truth in (ANNOTATIONS, wrong))
    assert found.fingerprint() == expected.fingerprint()
    assert tz.fit(IMAGES, wrong, **lattice(**settings)).fingerprint() != expected.fingerprint()


def test_a_mask_may_be_a_function_or_missing_for_each_image():
    half = np.indices(IMAGES[0].shape)[0] < 48
    settings = QUICK | {"features": (AREA, INTENSITY)}
    as_arrays = tz.fit(IMAGES, ANNOTATIONS, masks=[IMAGES[0] > 90, None, half], **lattice(**settings))
    mixed = tz.fit(
        IMAGES, ANNOTATIONS, masks=[lambda pixels: pixels[0] > 90, None, da.from_array(half)], **lattice(**settings)
    )
    assert mixed.fingerprint() == as_arrays.fingerprint()


@pytest.mark.parametrize("masks", [np.ones((96, 96), bool), [None], lambda pixels: pixels[0] > 0])
def test_masks_that_are_not_one_for_each_image_are_refused(masks):
    with pytest.raises(ParameterError, match="masks must be a list with one mask, or None, for each image"):
        tz.fit(IMAGES, ANNOTATIONS, masks=masks, **lattice(**QUICK))


def test_a_model_of_volumes_remembers_their_pixel_size(tmp_path):
    image, classes = striped(side=48)
    tz.write_ome_zarr(tmp_path / "volume.zarr", np.stack([image] * 6), axes="zyx", pixel_size=(3, 0.5, 0.5))
    tz.write_ome_zarr(tmp_path / "truth.zarr", np.stack([classes] * 6), axes="zyx")
    stored, labels = tz.open_image(tmp_path / "volume.zarr"), tz.open_labels(tmp_path / "truth.zarr")
    model = tz.fit([stored], [labels], **lattice(**QUICK | {"size": 6}))
    assert model.pixel_size == (3, 0.5, 0.5)
    assert model.recipe.superpixels.size == (6, 6, 6)


@pytest.mark.parametrize(
    ("images", "annotations", "message"),
    [
        ([], [], "0 images came with 0 annotations; give one each"),
        (IMAGES, ANNOTATIONS[:2], "3 images came with 2 annotations; give one each"),
        (IMAGES[:1], [ANNOTATIONS[0][:90]], r"the annotation has \(90, 96\) pixels \(y, x\) and its image \(96, 96\)"),
        ([IMAGES[0], np.stack([IMAGES[1]] * 3)], ANNOTATIONS[:2], r"the images have \[1, 3\] channels"),
        (
            [IMAGES[0], np.zeros((1, 3, 96, 96))],
            ANNOTATIONS[:2],
            r"some images have the spatial axes \(y, x\) and some",
        ),
        (IMAGES[:1], [ANNOTATIONS[0] / 2], "an annotation is float64 with 2 axes; it must hold whole numbers"),
        (IMAGES[:1], [ANNOTATIONS[0][None]], "an annotation is uint8 with 3 axes"),
        (IMAGES[:1], [ANNOTATIONS[0].astype(np.int16) - 1], "the annotation holds the value -1"),
    ],
)
def test_images_and_annotations_that_do_not_fit_are_refused(images, annotations, message):
    with pytest.raises(InputError, match=message):
        tz.fit(images, annotations, **lattice(**QUICK))


def test_a_value_beyond_the_names_is_refused():
    with pytest.raises(InputError, match="holds the value 2; with 2 classes it must be 0 to 1, or 255"):
        tz.fit(IMAGES[:1], [ANNOTATIONS[0] * 2], class_names=NAMES, **lattice(**QUICK))


def test_values_that_no_byte_holds_are_refused():
    with pytest.raises(InputError, match="the annotation holds the value 300; classes are 0 to 254"):
        tz.fit(IMAGES[:1], [ANNOTATIONS[0].astype(np.uint16) * 300], **lattice(**QUICK))


@pytest.mark.parametrize(
    ("value", "names", "message"),
    [
        (0, None, "class 0 is the only one annotated"),
        (1, NAMES, f"class '{NAMES[1]}' is the only one annotated.*map 255=0"),
        (255, NAMES, "no pixel is annotated"),
    ],
)
def test_without_two_annotated_classes_nothing_can_be_learned_and_superpixels_are_not_made(
    tmp_path, value, names, message
):
    flat, steps = np.full_like(ANNOTATIONS[0], value), []
    tz.write_ome_zarr(tmp_path / "flat.zarr", flat, axes="yx")
    in_blocks = da.from_array(flat, chunks=50)
    with tz.on_progress(lambda step: steps.append(step.name)):
        for annotation, block in ((tz.open_labels(tmp_path / "flat.zarr"), None), (in_blocks, 32)):
            with pytest.raises(ParameterError, match=message):
                tz.fit(IMAGES[:1], [annotation], class_names=names, **lattice(**QUICK, block=block))
        assert "graphs" not in steps
        # an array of one block is read with its image
        with pytest.raises(ParameterError, match=message):
            tz.fit(IMAGES[:1], [flat], class_names=names, **lattice(**QUICK))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"size": 1}, "size is 1"),
        ({"steps": 0}, "steps is 0"),
        ({"device": "abacus"}, "there is no device 'abacus'"),
        ({"class_names": ("one", "one")}, "class_names are .*; give 2 different ones, one per class"),
        ({"class_names": ("one", "")}, "class_names are .*; give 2 different ones, one per class, none of them empty"),
        ({"class_names": {"a": "#000000", "b": "red"}}, "colours are .*; give 2 of the form #rrggbb, one per class"),
        (
            {"superpixels": tz.SuperpixelParameters((9, 9))},
            r"size is 8 and the superpixels' own is \(9, 9\); leave one",
        ),
        (
            {"size": None, "superpixels": tz.SuperpixelParameters((9, 9, 9))},
            r"the superpixels' size is \(9, 9, 9\) and the images have 2 axes \(y, x\); give one size per axis",
        ),
    ],
)
def test_a_parameter_out_of_range_is_refused(settings, message):
    with pytest.raises(ParameterError, match=message):
        tz.fit(IMAGES[:1], ANNOTATIONS[:1], **lattice(**QUICK | settings))


def test_a_setting_in_the_wrong_place_is_told_where_it_belongs():
    with pytest.raises(
        ParameterError, match=r"fit has no parameter 'epochs'; write training=LatticeTraining\(epochs=…\)"
    ):
        tz.fit(IMAGES, ANNOTATIONS, epochs=3)
    with pytest.raises(
        ParameterError, match=r"fit has no parameter 'level' \(perhaps 'levels' is meant\); it has images"
    ):
        tz.fit(IMAGES, ANNOTATIONS, level=3)


def test_a_colour_may_come_with_each_name():
    colours = dict(zip(NAMES, ("#000000", "#00ff00"), strict=True))
    settings = lattice(**QUICK | {"features": (AREA, INTENSITY)})
    model = tz.fit(IMAGES, ANNOTATIONS, class_names=colours, **settings)
    assert (model.class_names, model.colours) == (NAMES, tuple(colours.values()))


@pytest.mark.parametrize("streaming", [True, False])
def test_an_active_client_makes_the_graphs_and_the_model_is_the_same(streaming, tmp_path, caplog):
    settings = QUICK | {"streaming": streaming}
    here = tz.fit(IMAGES, ANNOTATIONS, **lattice(**settings))
    with cluster_client(workers=1) as client, get_task_stream(client) as ran, caplog.at_level("INFO"):
        there = tz.fit(IMAGES, ANNOTATIONS, **lattice(**settings, scratch=tmp_path))
    assert there.fingerprint() == here.fingerprint()
    assert ran.data
    assert len([line for line in caplog.messages if "no client is given: blocks run on the active one" in line]) == 1
