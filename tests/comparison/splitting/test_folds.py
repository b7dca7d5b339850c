import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrazzo.comparison.splitting.folds import make_folds
from terrazzo.errors import ParameterError

NAMES = ("ground", "grass")


@given(st.integers(0, 2**32), st.integers(4, 12), st.integers(1, 4))
def test_each_unit_is_on_one_side_and_with_folds_tested_once(seed, units, folds):
    counts = np.random.default_rng(seed).integers(1, 100, (units, 2))
    made = make_folds(counts, folds, seed=seed, what="images", class_names=NAMES)
    for fold in made:
        sides = (*fold.training, *fold.validation, *fold.test)
        assert sorted(sides) == list(range(units))
        assert min(map(len, (fold.training, fold.validation, fold.test))) > 0
    if folds > 1:
        assert sorted(unit for fold in made for unit in fold.test) == list(range(units))
    assert made == make_folds(counts, folds, seed=seed, what="images", class_names=NAMES)


def test_units_without_annotation_are_on_no_side():
    counts = np.array([[5, 5], [0, 0], [5, 5], [5, 5]])
    fold = make_folds(counts, 1, seed=0, what="images", class_names=NAMES)[0]
    assert 1 not in (*fold.training, *fold.validation, *fold.test)


@pytest.mark.parametrize(("units", "said"), [(1, "1 annotated group is"), (2, "2 annotated groups are")])
def test_too_few_units_are_refused(units, said):
    with pytest.raises(ParameterError, match=f"^{said} too few .* at least 3 are needed: give more"):
        make_folds(np.ones((units, 2), int), 1, seed=0, what="groups", class_names=NAMES)


def test_a_class_that_is_absent_from_test_is_named():
    counts = np.array([[5, 5], [5, 5], [5, 0], [5, 0], [5, 0], [5, 0]])
    sentence = "class 'grass' is absent from test: it is annotated in 2 of 6 images; annotate it in at least 3 images"
    with pytest.raises(ParameterError, match=re.escape(sentence)):
        make_folds(counts, 3, seed=0, what="images", class_names=NAMES)


def test_a_class_that_is_absent_from_validation_is_a_warning(caplog):
    counts = np.array([[50, 5], [50, 5], [5, 0], [5, 0], [5, 0], [5, 0]])
    make_folds(counts, 1, seed=0, what="images", class_names=NAMES)
    assert "class 'grass' is absent from validation" in caplog.text
