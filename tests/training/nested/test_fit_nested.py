import json
import logging

import dask
import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

import terrazzo as tz
from terrazzo.cli import main
from terrazzo.multiplexed import multiplexed_image

QUICK = tz.NestedTraining(steps=4, domains=2, blocks=4, device="cpu")
NETWORK = tz.NestedSettings(region=3, width=8)


@pytest.fixture(scope="module")
def scene():
    image, truth = multiplexed_image((192, 192), channels=6, chunks=100, seed=2)
    return dask.compute(image, truth, scheduler="synchronous")


def test_a_scene_is_the_same_in_any_chunks_and_each_channel_alone_is_alike_everywhere(scene):
    again = dask.compute(*multiplexed_image((192, 192), channels=6, chunks=64, seed=2), scheduler="synchronous")
    assert all(np.array_equal(one, other) for one, other in zip(scene, again, strict=True))
    with pytest.raises(tz.TerrazzoError, match="channels of a multiplexed image is 2"):
        multiplexed_image((10, 10), channels=2)


def test_a_fit_reads_no_more_than_its_sample_and_repeats_itself(scene):
    image, _ = scene
    one, other = (tz.fit_nested([image], size=8, network=NETWORK, training=QUICK) for _ in range(2))
    assert one.fingerprint() == other.fingerprint()
    assert one.class_names == ("domain 1", "domain 2")
    assert one.fitted["superpixels"] <= 4 * 12**2
    assert one.settings.k == 7
    assert one.seen is not None


def test_the_command_fits_predicts_and_goes_on(scene, tmp_path, capsys):
    image, _ = scene
    tz.write_ome_zarr(tmp_path / "image.ome.zarr", image, axes="cyx", pixel_size=(0.5, 0.5))
    path, model, result = (str(tmp_path / name) for name in ("image.ome.zarr", "m.safetensors", "r.zarr"))
    options = ["--size", "8", "--region", "3", "--domains", "2", "--steps", "4", "--blocks", "4", "--json"]
    with pytest.raises(SystemExit) as ended:
        main(["embed", path, "-o", model, *options])
    assert not ended.value.code
    said = json.loads(capsys.readouterr().out)
    assert said["classes"] == ["domain 1", "domain 2"]
    fitted = tz.open_model(model)
    assert fitted.pixel_size == (0.5, 0.5)
    opened = tz.open_image(path)
    planned = tz.plan(opened, fitted, block=64, workers=1, threads=1)
    assert planned.fits
    written = tz.write_prediction(fitted, opened, result, block=64)
    assert written.run["finished"]
    classes = written.read_classes((slice(None), slice(None)))
    assert np.array_equal(tz.predict(fitted, image, block=64).compute(), classes)
    assert adjusted_rand_score(classes.ravel(), tz.predict(fitted, image).compute().ravel()) > 0.99
    for wrong in (["--clustering", "fuzzy"], ["--region", "1"]):
        with pytest.raises(SystemExit) as ended:
            main(["embed", path, "-o", str(tmp_path / "other.safetensors"), *wrong])
        assert ended.value.code == 2
        assert "Traceback" not in capsys.readouterr().err
    assert not (tmp_path / "other.safetensors").exists()


def test_images_that_cannot_be_fitted_are_refused_in_a_sentence(scene, caplog):
    image, _ = scene
    with pytest.raises(tz.TerrazzoError, match="1 of 1 channel varies"):
        tz.fit_nested([image[:1]], size=8, network=NETWORK, training=QUICK)
    with pytest.raises(tz.TerrazzoError, match="0 of 6 channels varies"):
        tz.fit_nested([np.full_like(image, 7)], size=8, network=NETWORK, training=QUICK)
    holed = image[:, :64, :64].astype(np.float32)
    holed[2, 5, 5] = np.nan
    with pytest.raises(tz.TerrazzoError, match=r"not finite|NaN"):
        tz.fit_nested([holed], size=8, network=NETWORK, training=QUICK)
    with pytest.raises(tz.TerrazzoError, match="must be a list"):
        tz.fit_nested(image)
    with pytest.raises(tz.TerrazzoError, match=r"the images have \[2, 6\] channels"):
        tz.fit_nested([image, image[:2]])
    caplog.clear()
    with caplog.at_level(logging.WARNING):
        tz.fit_nested([image[:, :40, :40]], size=8, network=tz.NestedSettings(region=5, width=4), training=QUICK)
    assert "is one region" in " ".join(record.message for record in caplog.records)
