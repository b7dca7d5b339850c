"""Classes with very few annotated pixels are named by every kind of fit, before it learns."""

import logging

import numpy as np
import pytest

import terrazzo as tz
from terrazzo.errors import ParameterError
from terrazzo.training.rules.few_annotated import say_few_annotated

FITS = {
    "lattice": lambda *given, **named: tz.fit(*given, size=8, **named),
    "unet": tz.fit_unet,
    "forest": tz.fit_forest,
}


def warnings(caplog):
    return [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]


@pytest.mark.parametrize("kind", FITS)
def test_a_fit_names_them_in_one_warning(kind, caplog):
    image = np.random.default_rng(0).integers(0, 255, (64, 64), np.uint8)
    annotation = np.full((64, 64), 255, np.uint8)
    annotation[:8, :8] = 0
    annotation[0, :3] = 1
    # all of it in one place: there is nothing to hold out
    with pytest.raises(ParameterError, match="annotate"):
        FITS[kind]([image], [annotation], class_names=["ground", "water", "stone"])
    assert warnings(caplog) == [
        "fewer than 50 pixels are annotated of 'water' (3 pixels), 'stone' (0 pixels): little can be learned of so "
        "few; annotate more"
    ]


def test_classes_with_50_are_not_named_and_of_many_the_first_are(caplog):
    say_few_annotated(np.array([50, 10_000]))
    assert not warnings(caplog)
    say_few_annotated(np.array([50, 1, *[2] * 20]))
    (said,) = warnings(caplog)
    assert said.startswith("fewer than 50 pixels are annotated of 'class 1' (1 pixel), 'class 2' (2 pixels), ")
    assert "(2 pixels) and 9 more: " in said
