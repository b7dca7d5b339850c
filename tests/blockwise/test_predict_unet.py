"""A U-Net predicts the same classes lazily, on disk, on a cluster and in one piece."""

import json
import math
from dataclasses import replace

import dask.array as da
import numpy as np
import pytest
import zarr
from distributed import Client, LocalCluster
from forked import forking
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import chunkings, images
from told import telling
from unets import COLOURS, NAMES, random_unet

import terrazzo as tz
from terrazzo.errors import InputError, ModelError, ParameterError

SHAPE = (130, 170)


@pytest.fixture(scope="module")
def unet():
    return random_unet(depth=2)


@pytest.fixture(scope="module")
def whole(unet, pixels):
    return unet.logits(pixels).argmax(axis=0)


@settings(max_examples=25)
@given(st.data(), st.sampled_from((2, 3)), st.integers(1, 40), st.integers(0, 2**31))
def test_chunks_and_blocks_of_any_image_leave_its_classes_as_they_are(data, axes, block, seed):
    image = data.draw(images(largest=70 if axes == 2 else 18, axes=axes))
    shape = data.draw(
        st.sampled_from(({}, {"pyramid": 2, "kernels": [(1, 3, 3)[-axes:]]}, {"crf": 2, "crf_radius": 1}))
    )
    model = random_unet(len(image), seed=seed, axes=axes, depth=1, base=2, **shape)
    model = replace(model, mean=(float(image.mean()),) * len(image), spread=(float(image.std()) + 1,) * len(image))
    chunked = da.from_array(image, chunks=data.draw(chunkings(image.shape)))
    found = tz.predict(model, chunked, block=block)
    assert found.chunks == chunked.chunks[1:]
    logits = model.logits(image)
    highest = np.sort(logits, axis=0)[-2:]
    sure = highest[1] - highest[0] > 1e-4
    assert np.array_equal(found.compute()[sure], logits.argmax(axis=0)[sure])


def test_predict_is_lazy(unet, pixels, nothing_computes):  # noqa: ARG001
    classes = tz.predict(unet, da.from_array(pixels, chunks=64), block=32)
    assert (classes.shape, classes.dtype) == (SHAPE, np.uint8)


def test_an_array_in_memory_gets_the_classes_of_the_whole(unet, pixels, whole):
    assert np.array_equal(tz.predict(unet, pixels, block=32).compute(), whole)


def test_a_result_on_disk_holds_classes_alone(unet, stored, whole, tmp_path):
    told = []
    with telling(lambda *said: told.append(said)):
        result = tz.write_prediction(unet, stored, tmp_path / "r.zarr", block=32)
    assert np.array_equal(result.read_classes((slice(None),) * 2), whole)
    assert ("classes", len(result.grid), len(result.grid), whole.size) in told
    assert sorted(path.name for path in (tmp_path / "r.zarr").iterdir()) == ["done", "labels", "run.json", "zarr.json"]
    assert [path.name for path in (tmp_path / "r.zarr" / "labels").iterdir() if path.is_dir()] == ["classes"]
    assert tz.open_result(tmp_path / "r.zarr") == result
    assert result.run["figures"]["pixels"] == whole.size
    for table in ("nodes", "edges"):
        with pytest.raises(InputError, match="has no superpixels"):
            getattr(result, table)
    with pytest.raises(InputError, match="has no superpixels"):
        result.graph()


def test_a_cluster_writes_the_same(unet, stored, whole, tmp_path):
    local = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": ":0"}
    with forking(), LocalCluster(**local) as cluster, Client(cluster) as client:
        result = tz.write_prediction(unet, stored, tmp_path / "r.zarr", block=48, client=client)
    assert np.array_equal(result.read_classes((slice(None),) * 2), whole)


def test_a_run_that_stopped_goes_on_and_one_with_another_network_is_refused(unet, stored, whole, tmp_path):
    seen = []

    def stop_at_the_third(_name, done, _total, _pixels):
        seen.append(done)
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), telling(stop_at_the_third):
        tz.write_prediction(unet, stored, tmp_path / "r.zarr", block=32)
    again = []
    with telling(lambda _name, done, *_: again.append(done)):
        result = tz.write_prediction(unet, stored, tmp_path / "r.zarr", block=32)
    assert again[0] >= 3
    assert np.array_equal(result.read_classes((slice(None),) * 2), whole)
    with pytest.raises(InputError, match="the model has changed"):
        tz.write_prediction(random_unet(depth=2, seed=1), stored, tmp_path / "r.zarr", block=32)


def test_outside_a_mask_the_class_is_255_and_does_not_count(unet, stored, whole, disc, tmp_path):
    lazily = tz.predict(unet, stored, mask=disc, block=32).compute()
    assert np.array_equal(lazily, np.where(disc, whole, 255))
    result = tz.write_prediction(unet, stored, tmp_path / "r.zarr", mask=disc, block=32)
    assert np.array_equal(result.read_classes((slice(None),) * 2), lazily)
    tz.write_ome_zarr(tmp_path / "truth.ome.zarr", whole.astype(np.uint8), axes="yx")
    scores = tz.score(result, tz.open_labels(tmp_path / "truth.ome.zarr"))
    assert (scores.accuracy, scores.pixels) == (1.0, disc.sum())


def test_a_result_of_a_unet_is_scored_without_a_ceiling(unet, stored, whole, tmp_path):
    truth = np.where(np.indices(SHAPE)[1] < 100, (whole + 1) % 3, whole).astype(np.uint8)
    truth[:20] = 255
    tz.write_ome_zarr(tmp_path / "truth.ome.zarr", truth, axes="yx")
    result = tz.write_prediction(unet, stored, tmp_path / "r.zarr", block=32)
    scores = tz.score(result, tz.open_labels(tmp_path / "truth.ome.zarr"))
    assert scores.accuracy == pytest.approx(70 / 170)
    assert scores.pixels == 110 * 170
    assert np.isnan(scores.ceiling)
    assert np.isnan((scores + scores).ceiling)


def test_a_volume_is_predicted_the_same_lazily_and_on_disk(volume, tmp_path):
    shape = {"depth": 2, "kernels": [[(1, 3, 3), 3], (1, 3, 3), 3], "pools": [(1, 2, 2), 2], "pyramid": 3, "crf": 1}
    model = random_unet(axes=3, **shape)
    expected = model.logits(volume[None]).argmax(axis=0)
    assert np.array_equal(tz.predict(model, volume, block=16).compute(), expected)
    tz.write_ome_zarr(tmp_path / "v.ome.zarr", volume, axes="zyx", chunks=(8, 16, 16))
    result = tz.write_prediction(model, tz.open_image(tmp_path / "v.ome.zarr"), tmp_path / "r.zarr", block=16)
    assert np.array_equal(result.read_classes((slice(None),) * 3), expected)


def test_another_number_of_channels_or_axes_is_refused(unet, stored, volume):
    with pytest.raises(ModelError, match="the image has 3 channels and the model was fitted on 1"):
        tz.predict(unet, np.zeros((3, 40, 40)))
    with pytest.raises(ModelError, match=r"the image has the spatial axes \(y, x\)"):
        tz.predict(random_unet(axes=3), stored)
    with pytest.raises(ModelError, match=r"the image has the spatial axes \(z, y, x\)"):
        tz.predict(unet, volume[None])


def test_the_plan_of_a_unet_is_what_its_run_takes(unet, stored, tmp_path):
    plan = tz.plan(stored, unet, block=32, workers=1, memory_limit="4GiB", calibrate=True)
    result = tz.write_prediction(unet, stored, tmp_path / "r.zarr", block=32)
    assert (plan.blocks, plan.tasks) == (len(result.grid), len(result.grid) + result.pyramid.number_of_tiles)
    assert plan.block == tuple(c * s for c, s in zip(result.grid.block_cells, result.grid.lattice.size, strict=True))
    assert (plan.superpixels, plan.edges, plan.disk) == (0, 0, {"classes": sum(map(math.prod, result.pyramid.shapes))})
    assert plan.read_per_kept == plan.computed_per_kept > 1.5
    assert plan.fits
    assert plan.seconds > 0


def test_a_network_that_does_not_fit_is_refused_before_anything_is_written(tmp_path):
    path = tmp_path / "large.zarr"
    shape, chunks = (1, 60_000, 60_000), (1, 2000, 2000)
    zarr.create_array(path, shape=shape, chunks=chunks, dtype=np.uint8, dimension_names=list("cyx"))
    image, model = tz.open_image(path), random_unet(base=64, depth=4)
    with pytest.raises(ParameterError, match=r"choose a smaller block, such as --block \d+"):
        tz.write_prediction(model, image, tmp_path / "r.zarr", block=32768)
    assert not (tmp_path / "r.zarr").exists()
    assert not tz.plan(image, model, block=32768, workers=1).fits


@pytest.mark.parametrize("shape", [{"dropout": 0.25}, {"pyramid": 3, "crf": 2, "crf_radius": (1, 2)}])
def test_a_model_comes_back_as_it_was_written(tmp_path, pixels, shape):
    model = replace(random_unet(**shape), pixel_size=(0.5, 0.25), fitted={"epochs": 7.0})
    read = tz.open_model(tz.write_model(model, tmp_path / "model.safetensors"))
    assert read.fingerprint() == model.fingerprint()
    assert read.network.description == model.network.description
    assert (read.mean, read.spread) == (model.mean, model.spread)
    assert (read.class_names, read.colours) == (NAMES[:3], COLOURS[:3])
    assert (read.pixel_size, read.fitted) == ((0.5, 0.25), {"epochs": 7.0})
    assert np.array_equal(read.logits(pixels), model.logits(pixels))


def test_whatever_decides_the_answer_is_in_the_fingerprint(unet):
    others = [random_unet(depth=2, seed=1), random_unet(depth=2, dropout=0.1), replace(unet, mean=(0.5,))]
    others += [replace(unet, spread=(0.4,)), replace(unet, class_names=("a", "b", "c"))]
    others += [random_unet(depth=2, pyramid=2, dilations=apart) for apart in ((1,), (2,))]
    others += [random_unet(depth=2, crf=steps) for steps in (1, 2)]
    assert len({other.fingerprint() for other in (unet, *others)}) == 10
    assert random_unet(depth=2).fingerprint() == unet.fingerprint()


def test_a_file_whose_scaling_was_edited_is_refused(unet, tmp_path):
    from safetensors import safe_open
    from safetensors.torch import save_file

    path = tz.write_model(unet, tmp_path / "model.safetensors")
    with safe_open(path, framework="pt") as file:
        header = json.loads(file.metadata()["terrazzo"])
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    header["mean"] = [0.5]
    save_file(tensors, path, metadata={"terrazzo": json.dumps(header)})
    with pytest.raises(ModelError, match="was changed after it was written"):
        tz.open_model(path)
