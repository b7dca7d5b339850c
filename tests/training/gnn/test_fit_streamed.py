from pathlib import Path

import dask.array as da
import numpy as np
import pytest
from distributed import get_task_stream
from flat import gnn
from segmented import small_recipe
from textures import NAMES, striped

import terrazzo as tz
from terrazzo.blockwise.cluster.active_client import client_sharing
from terrazzo.blockwise.cluster.cluster import cluster_client
from terrazzo.blockwise.inputs.annotated_image import annotated_image
from terrazzo.errors import InputError, ParameterError
from terrazzo.regions.statistics.features import AREA, INTENSITY, scale_space
from terrazzo.training.gnn import fit_images as fit_annotated
from terrazzo.training.gnn.fit_streamed import fit_streamed, write_graphs

QUICK = {"size": 8, "layers": 2, "width": 16, "device": "cpu", "features": (AREA, INTENSITY, scale_space(2))}
STREAMED = {"streaming": True, "block": 64}
IMAGE, CLASSES = striped(side=224, seed=3)
SCRIBBLES = np.where(np.indices(CLASSES.shape)[0] % 40 < 4, CLASSES, np.uint8(255))


def fit(image=IMAGE, classes=CLASSES, **others):
    return tz.fit([image], [classes], **gnn(**QUICK | {"epochs": 2} | others))


def accuracy_of(model):
    unseen = [striped(side=224, seed=seed) for seed in (50, 51, 52)]
    return np.mean([tz.predict(model, image).compute() == classes for image, classes in unseen])


@pytest.mark.parametrize("truth", [CLASSES, SCRIBBLES])
def test_a_streamed_fit_is_as_good_as_one_in_memory(truth):
    in_memory, streamed = (fit(classes=truth, epochs=30, **how) for how in ({}, STREAMED))
    assert accuracy_of(in_memory) > 0.95
    assert accuracy_of(streamed) > accuracy_of(in_memory) - 0.003
    assert streamed.fitted["validation_accuracy"] > 0.93


def test_whole_images_are_held_out_where_there_are_three():
    pairs = [striped(seed=seed) for seed in range(4)]
    images, truth = zip(*pairs, strict=True)
    in_memory, streamed = (
        tz.fit(list(images), list(truth), **gnn(**QUICK, epochs=25, streaming=how)) for how in (False, True)
    )
    judged = [model.fitted["validation_accuracy"] for model in (in_memory, streamed)]
    assert judged[1] == pytest.approx(judged[0], abs=0.003)


def test_the_same_seed_gives_the_same_model_whatever_the_chunks():
    first, chunked = fit(**STREAMED), fit(da.from_array(IMAGE, chunks=(50, 37)), **STREAMED)
    assert first.fingerprint() == chunked.fingerprint()
    assert first.fingerprint() != fit(seed=1, **STREAMED).fingerprint()


def test_files_are_streamed_too(tmp_path):
    for name, array in (("image", IMAGE), ("truth", CLASSES)):
        tz.write_ome_zarr(tmp_path / f"{name}.zarr", array, axes="yx", pixel_size=(0.5, 0.5), chunks=(64, 64))
    image, truth = tz.open_image(tmp_path / "image.zarr"), tz.open_labels(tmp_path / "truth.zarr")
    model = tz.fit([image], [truth], class_names=NAMES, **gnn(**QUICK, **STREAMED, epochs=2))
    assert model.fingerprint() == fit(class_names=NAMES, **STREAMED).fingerprint()
    assert model.pixel_size == (0.5, 0.5)


def test_volumes_masks_and_images_without_annotation_stream():
    volume, truth = (np.stack([part] * 4) for part in striped(side=96))
    inside = np.indices(truth.shape)[1] < 80
    wrong = np.where(inside, truth, 1 - truth)
    settings = QUICK | {"size": (2, 6, 6), "epochs": 1, "streaming": True, "block": 32}
    nothing = np.full_like(truth, 255)
    models = [
        tz.fit([volume, volume], [known, nothing], masks=[inside, None], **gnn(**settings)) for known in (truth, wrong)
    ]
    assert models[0].fingerprint() == models[1].fingerprint()


def test_graphs_that_might_not_fit_stream_unasked(monkeypatch):
    in_memory, streamed = fit(block=64), fit(**STREAMED)
    assert in_memory.fingerprint() != streamed.fingerprint()
    monkeypatch.setattr(fit_annotated, "MOST_NODES_IN_MEMORY", 28 * 28)
    assert fit(block=64).fingerprint() == in_memory.fingerprint()
    monkeypatch.setattr(fit_annotated, "MOST_NODES_IN_MEMORY", 28 * 28 - 1)
    assert fit(block=64).fingerprint() == streamed.fingerprint()
    assert fit(block=64, streaming=False).fingerprint() == in_memory.fingerprint()


def test_nothing_is_left_in_the_scratch_folder_even_after_an_error(tmp_path):
    seen = []
    with tz.on_progress(lambda _: seen.append([path.suffix for path in tmp_path.rglob("*.*")])):
        fit(**STREAMED, scratch=tmp_path)
    assert ".parquet" in seen[0]
    with pytest.raises(ParameterError, match="the loss is not finite"):
        fit(**STREAMED | {"epochs": 9}, scratch=tmp_path, learning_rate=1e30)
    assert list(tmp_path.iterdir()) == []


def test_workers_make_and_cut_the_same_graphs(tmp_path):
    recipe = small_recipe()
    image = annotated_image(IMAGE, SCRIBBLES, recipe=recipe, classes=len(NAMES), block=64)
    settings = gnn(layers=2, width=16, epochs=2, device="cpu")
    with cluster_client(workers=2) as client, get_task_stream(client) as stream:
        graphs = write_graphs([image], tmp_path / "there", client=client_sharing(tmp_path, client))
        there = fit_streamed(graphs, len(NAMES), client=client, **settings)
    ran = [record["worker"] for record in stream.data if record["key"].startswith("_run_batch")]
    assert len(ran) == 2 * len(image.grid)
    assert len(set(ran)) == 2
    here = fit_streamed(write_graphs([image], tmp_path / "here"), len(NAMES), **settings)
    losses = [[(one.training_loss, one.validation_loss) for one in fitted.history] for fitted in (here, there)]
    assert losses[0] == losses[1]


def test_graphs_are_told_when_they_are_done():
    told = []
    with tz.on_progress(told.append):
        fit(**STREAMED)
    assert told[0] == tz.Step("graphs", 1, 1)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"streaming": "always"}, ParameterError, "streaming is 'always'; it must be True, False or 'auto'"),
        ({"scratch": Path("nowhere")}, InputError, "graphs cannot be written to 'nowhere': .*choose another scratch"),
        ({"split": ()}, ParameterError, "a split names rows of whole graphs, and with streaming there are none"),
        ({"block": None}, ParameterError, "no block of 1 .*can be held out .* or use smaller blocks"),
        ({"batch_nodes": 0}, ParameterError, "batch_nodes is 0"),
        ({"classes": np.zeros_like(CLASSES)}, ParameterError, "class 0 is the only one annotated"),
        ({"classes": np.full_like(CLASSES, 255), "class_names": NAMES}, ParameterError, "no pixel is annotated"),
    ],
)
def test_mistakes_are_told_in_one_sentence(options, error, message):
    with pytest.raises(error, match=message):
        fit(**STREAMED | options)
