import math

import pytest

from terrazzo.errors import ParameterError
from terrazzo.training.rules.training import Training


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"epochs": 0}, "epochs is 0"),
        ({"patience": 0}, "patience 0"),
        ({"learning_rate": 0.0}, "learning_rate is 0.0"),
        ({"learning_rate": math.nan}, "learning_rate is nan"),
        ({"weight_decay": -1}, "weight_decay -1"),
        ({"seconds": 0.0}, "seconds is 0.0"),
        ({"steps": 0}, "steps is 0; it must be at least 1"),
        ({"steps": 9, "seconds": 60}, "steps is 9 and seconds 60; both say how long training is, so leave one out"),
        ({"seed": -1}, "seed is -1; it must be at least 0"),
        ({"validation": 2}, "validation is 2; it must be a share above 0 and below 1"),
        ({"weighting": "median"}, "no class weighting 'median'; use 'balanced' or None"),
        (
            {"epoch": 3},
            r"no setting 'epoch' \(perhaps 'epochs' is meant\); those of Training are epochs, seconds, steps,",
        ),
    ],
)
def test_what_is_out_of_range_is_refused(values, message):
    with pytest.raises(ParameterError, match=message):
        Training(**values)


def test_images_that_are_named_are_a_tuple_so_that_the_value_can_be_hashed():
    assert Training(validation=[2, 0]) == Training(validation=(2, 0))
    assert hash(Training(validation=[2, 0])) == hash(Training(validation=(2, 0)))


def test_steps_may_come_from_the_figures_of_a_model():
    assert Training(steps=57.0) == Training(steps=57)
    assert isinstance(Training(steps=57.0).steps, int)
