import numpy as np
import pytest
import zarr
from untrained import untrained_model

from terrazzo.blockwise.arrays.predict import predict
from terrazzo.blockwise.inputs.model_image import model_image, pixel_size_note
from terrazzo.blockwise.runs.write_prediction import write_prediction
from terrazzo.errors import InputError, ModelError
from terrazzo.io.images.open_image import open_image


def test_an_image_gets_the_axes_of_the_model(model, volume_model):
    assert model_image(model, np.zeros((40, 50))).shape == (1, 40, 50)
    assert model_image(model, np.zeros((1, 40, 50))).shape == (1, 40, 50)
    assert model_image(volume_model, np.zeros((9, 40, 50))).shape == (1, 9, 40, 50)
    assert model_image(volume_model, np.zeros((1, 9, 40, 50))).shape == (1, 9, 40, 50)


def test_a_model_of_volumes_refuses_an_image(volume_model):
    with pytest.raises(
        ModelError, match=r"the image has the spatial axes \(y, x\) and the model was fitted on \(z, y, x\)"
    ):
        model_image(volume_model, np.zeros((40, 50)))


def test_a_model_of_images_refuses_a_volume(model):
    with pytest.raises(
        ModelError, match=r"the image has the spatial axes \(z, y, x\) and the model was fitted on \(y, x\)"
    ):
        model_image(model, np.zeros((1, 9, 40, 50)))


def test_other_channels_and_what_is_no_image_are_refused(model):
    with pytest.raises(ModelError, match="the image has 2 channels and the model was fitted on 1"):
        model_image(model, np.zeros((2, 40, 50)))
    with pytest.raises(InputError, match="the image has 1 axes"):
        model_image(model, np.zeros(5))


@pytest.fixture
def pyramid(tmp_path):
    """An OME-Zarr of three levels with pixels of 0.25, 0.5 and 1 micrometres."""
    axes = [{"name": name, "type": "space", "unit": "micrometer"} for name in "yx"]
    datasets = [
        {"path": str(n), "coordinateTransformations": [{"type": "scale", "scale": [0.25 * 2**n] * 2}]} for n in range(3)
    ]
    ome = {"version": "0.5", "multiscales": [{"axes": axes, "datasets": datasets}]}
    group = zarr.create_group(tmp_path / "pyramid.zarr", attributes={"ome": ome})
    for level in range(3):
        group.create_array(str(level), data=np.zeros((160 >> level, 120 >> level), np.uint8))
    return tmp_path / "pyramid.zarr"


def fitted_at(*pixel_size, unit="micrometer"):
    return untrained_model(pixel_size=pixel_size, pixel_unit=unit)


def test_another_pixel_size_is_said_with_the_level_that_fits(pyramid):
    image = open_image(pyramid)
    assert pixel_size_note(fitted_at(0.5, 0.5), image) == (
        f"the pixels of '{image.path}' are 0.5 times as wide as those that the model was fitted at: 0.25 x 0.25 "
        "micrometer and 0.5 x 0.5 micrometer; level 1 of the image would fit"
    )
    assert pixel_size_note(fitted_at(500, 500, unit="nanometer"), image).endswith("level 1 of the image would fit")


def test_another_pixel_size_that_no_level_has_is_said_with_what_to_do(pyramid):
    note = pixel_size_note(fitted_at(0.35, 0.35), open_image(pyramid, level=1))
    assert note.endswith("no level of the image fits, so fit a model at this size or resample the image")


def test_nothing_is_said_where_sizes_agree_or_are_not_known(pyramid, tmp_path):
    image = open_image(pyramid, level=1)
    for model in (fitted_at(0.5, 0.51), fitted_at(500, 500, unit="nanometer"), fitted_at(7, 7, unit=None)):
        assert pixel_size_note(model, image) is None
    assert pixel_size_note(untrained_model(), image) is None
    np.save(tmp_path / "a.npy", np.zeros((40, 50)))
    assert pixel_size_note(fitted_at(0.5, 0.5), open_image(tmp_path / "a.npy")) is None
    assert pixel_size_note(fitted_at(0.5, 0.5), np.zeros((40, 50))) is None


def test_predicting_says_it_once_and_goes_on(pyramid, tmp_path, caplog):
    model, image = fitted_at(0.5, 0.5), open_image(pyramid)
    write_prediction(model, image, tmp_path / "result.zarr")
    predict(model, image)
    assert [record.getMessage() for record in caplog.records] == [pixel_size_note(model, image)] * 2
