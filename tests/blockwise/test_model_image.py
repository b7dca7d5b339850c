import numpy as np
import pytest

from terrazzo.blockwise.model_image import model_image
from terrazzo.errors import InputError, ModelError


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
