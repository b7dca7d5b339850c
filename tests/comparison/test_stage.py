from dataclasses import asdict

import pytest
import torch
from textures import NAMES, striped

import terrazzo as tz
from terrazzo.blockwise.cluster.cluster import cluster_client
from terrazzo.comparison import stage
from terrazzo.comparison.assignment import Assignment, named_sources
from terrazzo.comparison.methods import find_method
from terrazzo.comparison.stage import MODEL, fit_stage

needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="torch finds no CUDA device")


def job_of(folder, **settings):
    """A fit of a U-Net on two small images, as the comparison describes it."""
    drawn = [striped(side=128, seed=seed) for seed in range(2)]
    sources = named_sources([image for image, _ in drawn], [classes for _, classes in drawn], folder / "inputs")
    return {"assignment": asdict(Assignment(tuple(sources), (1,), NAMES, epochs=1, settings=settings))}


def test_a_fit_leaves_a_model_and_what_it_took(tmp_path):
    done = fit_stage(find_method("unet"), job_of(tmp_path, base=4, depth=2, patch=32), tmp_path)
    assert done["fitted"]["epochs"] == 1.0
    assert done["resources"]["seconds"] > 0
    assert tz.open_model(tmp_path / MODEL).class_names == tuple(NAMES)


@pytest.mark.gpu
@needs_gpu
def test_the_batch_that_would_fit_a_gpu_does_fit_it(tmp_path):
    total = torch.cuda.get_device_properties(0).total_memory
    torch.cuda.set_per_process_memory_fraction(2**30 / total)
    try:
        method = find_method("unet")
        told = fit_stage(method, job_of(tmp_path, base=16, patch=128, batch=512), tmp_path)["error"]
        assert told.startswith("the GPU's memory is too small: batch ")
        assert told.endswith(" and patch 128 would fit; set them, or use another GPU")
        batch = int(told.split("batch ")[1].split()[0])
        assert 8 <= batch < 512
        done = fit_stage(method, job_of(tmp_path, base=16, patch=128, batch=batch), tmp_path)
        assert 2**27 < done["resources"]["gpu_memory"] <= 2**30
        assert done["resources"]["gpu_device_memory"] >= done["resources"]["gpu_memory"]
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)


def test_predictions_are_scored_on_the_scheduler_that_is_given_and_on_no_other(monkeypatch):
    with stage._scoring_client() as nobody:
        assert nobody is None
    with cluster_client(workers=1) as client:
        monkeypatch.setenv(stage.SCHEDULER, client.scheduler.address)
        with stage._scoring_client() as found:
            assert found.scheduler.address == client.scheduler.address
