"""What the version before wrote still opens, and says the same; see tests/data/before/README.md."""

import zipfile
from pathlib import Path

import numpy as np
import pytest

import terrazzo as tz

BEFORE = Path(__file__).parents[1] / "data" / "before"
IMAGES = {"mean": "image", "attention": "colour", "unet": "image", "forest": "striped"}
IMAGES |= {"lattice": "striped", "region": "striped"}
KINDS = {"mean": tz.Model, "attention": tz.Model, "unet": tz.UNetModel, "forest": tz.ForestModel}
KINDS |= {"lattice": tz.LatticeModel, "region": tz.LatticeModel}
EVERYWHERE = (slice(None), slice(None))


def of_before(name):
    return np.load(BEFORE / f"{name}.npy")


@pytest.fixture
def unpacked(tmp_path):
    def unpack(name):
        with zipfile.ZipFile(BEFORE / f"{name}.result.zip") as archive:
            archive.extractall(tmp_path / f"{name}.zarr")
        return tmp_path / f"{name}.zarr"

    return unpack


@pytest.mark.parametrize("name", IMAGES)
def test_a_model_opens_and_predicts_the_same(name, tmp_path):
    model = tz.open_model(BEFORE / f"{name}.safetensors")
    assert type(model) is KINDS[name]
    classes = tz.predict(model, of_before(IMAGES[name]), device="cpu").compute()
    assert len(np.unique(classes)) > 1
    # random weights leave a class undecided here and there, and processors round differently
    assert np.mean(classes == of_before(name)) > 0.999
    again = tz.open_model(tz.write_model(model, tmp_path / "again.safetensors"))
    assert again.fingerprint() == model.fingerprint()


@pytest.mark.parametrize("name", ["lattice", "region"])
def test_a_lattice_network_without_temperatures_is_not_calibrated_and_counts_no_unlike_superpixels(name):
    model = tz.open_model(BEFORE / f"{name}.safetensors")
    assert (model.temperatures.region, model.temperatures.pixel, model.spread) == (1.0, 1.0, None)
    assert not any(one.figures for one in model.passes() if one.name == "classes")
    assert model.settings.decision == {"lattice": "pixel", "region": "region"}[name]


@pytest.mark.parametrize("name", ["mean", "unet"])
def test_a_result_opens_and_holds_what_it_held(name, unpacked):
    result = tz.open_result(unpacked(name))
    assert result.run["finished"]
    assert np.array_equal(result.read_classes(EVERYWHERE), of_before(name))
    assert set(result.finished("classes")) == {block.index for block in result.grid}
    assert result.has_superpixels is (name == "mean")
    if name == "unet":
        with pytest.raises(tz.TerrazzoError, match="has no superpixels"):
            result.graph()
        return
    graph = result.graph()
    assert graph.number_of_nodes == len(result.nodes) == result.run["figures"]["superpixels"]
    assert graph.number_of_edges == len(result.edges) == result.run["figures"]["edges"]


def test_a_result_is_not_mixed_with_what_another_version_computes(unpacked, tmp_path):
    tz.write_ome_zarr(tmp_path / "image.zarr", of_before("image"), axes="cyx")
    image, model = tz.open_image(tmp_path / "image.zarr"), tz.open_model(BEFORE / "mean.safetensors")
    with pytest.raises(tz.TerrazzoError, match="exists and was not made from this: image was "):
        tz.write_prediction(model, image, unpacked("mean"))
