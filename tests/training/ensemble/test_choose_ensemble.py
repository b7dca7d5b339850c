import itertools

import numpy as np
import pytest
from segmented import blobs
from unets import random_unet

import terrazzo as tz
from terrazzo.errors import InputError, ParameterError

MODELS = tuple(random_unet(seed=seed, depth=1) for seed in range(4))
TRUTH = np.random.default_rng(1)


@pytest.fixture(scope="module")
def validation(tmp_path_factory):
    """Two images whose truth is what two of the models say together, with some pixels wrong and some not annotated."""
    folder = tmp_path_factory.mktemp("validation")
    images, truths = [], []
    for seed in range(2):
        pixels = blobs((40, 50), seed=seed)
        truth = tz.predict(tz.Ensemble((MODELS[1], MODELS[3])), pixels).compute()
        wrong = TRUTH.random(truth.shape)
        truth = np.where(wrong < 0.2, TRUTH.integers(0, 3, truth.shape), truth)
        tz.write_ome_zarr(folder / f"i{seed}.zarr", pixels)
        annotated = np.where(wrong > 0.7, 255, truth).astype(np.uint8)
        tz.write_ome_zarr(folder / f"t{seed}.zarr", annotated, axes="yx")
        images.append(tz.open_image(folder / f"i{seed}.zarr"))
        truths.append(tz.open_labels(folder / f"t{seed}.zarr"))
    return images, truths


def mean_iou(members, validation, folder, vote):
    """Slowly: the scores of the whole ensemble, predicted anew."""
    model = members[0] if len(members) == 1 else tz.Ensemble(members, vote=vote)
    total = None
    for number, (image, truth) in enumerate(zip(*validation, strict=True)):
        path = folder / f"{next(COUNT)}-{number}.zarr"
        one = tz.score(tz.write_prediction(model, image, path), truth)
        total = one if total is None else total + one
    return total.mean_iou


COUNT = itertools.count()


@pytest.mark.parametrize("vote", [False, True])
def test_each_step_adds_the_model_with_which_the_ensemble_is_best(vote, validation, tmp_path):
    chosen = tz.choose_ensemble(MODELS, *validation, vote=vote, most=3)
    order, curve = [], []
    for _ in range(3):
        scores = {
            model: mean_iou((*order, model), validation, tmp_path, vote) for model in MODELS if model not in order
        }
        order.append(max(scores, key=scores.get))
        curve.append(scores[order[-1]])
    best = 2 if curve[1] >= curve[2] else 3
    assert list(chosen.members) == order[:best]
    assert [chosen.fitted[f"mean_iou_of_{number}"] for number in (1, 2, 3)] == pytest.approx(curve)
    assert (chosen.fitted["candidates"], chosen.fitted["models"], chosen.vote) == (4, best, vote)
    if not vote:
        assert set(order[:2]) == {MODELS[1], MODELS[3]}
        assert curve[1] > curve[0]


def test_what_it_cannot_choose_by_is_refused(validation, tmp_path):
    images, truths = validation
    with pytest.raises(ParameterError, match="most is 1; an ensemble has at least 2 models"):
        tz.choose_ensemble(MODELS, images, truths, most=1)
    with pytest.raises(InputError, match="there are 2 images and 1 annotations; give one annotation for each"):
        tz.choose_ensemble(MODELS, images, truths[:1])
    for name, drawn, sentence in (
        ("none", np.full((40, 50), 255, np.uint8), "no pixel of the validation images is annotated"),
        ("other", np.zeros((40, 51), np.uint8), r"has \(40, 51\) pixels and"),
    ):
        tz.write_ome_zarr(tmp_path / f"{name}.zarr", drawn, axes="yx")
        with pytest.raises(InputError, match=sentence):
            tz.choose_ensemble(MODELS[:2], images[:1], [tz.open_labels(tmp_path / f"{name}.zarr")])
