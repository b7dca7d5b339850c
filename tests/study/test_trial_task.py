import json
import shutil
from dataclasses import asdict
from types import SimpleNamespace

import numpy as np
import pytest
from textures import NAMES, striped

import terrazzo as tz
from terrazzo.comparison import stage
from terrazzo.comparison.assignment import Assignment, named_sources
from terrazzo.comparison.methods import find_method
from terrazzo.genes.draw import smallest
from terrazzo.progress import Step, on_progress, tell
from terrazzo.study import trial_stage
from terrazzo.study.trial_stage import StoppedEarlyError, _Curve, read_curve, stop_file
from terrazzo.study.trial_task import MOST_BEGUN, run_trial
from terrazzo.version import __version__


def test_a_trial_that_has_an_outcome_is_not_begun_again(tmp_path):
    folder = tmp_path / "0003"
    folder.mkdir()
    (folder / "outcome.json").write_text('{"scores": 1}')
    assert run_trial(__version__, {}, folder, "now") == {"scores": 1}
    assert not folder.with_suffix(".begun").exists()


def test_a_trial_whose_worker_is_lost_again_and_again_fails_and_only_this_search_counts(tmp_path):
    folder = tmp_path / "0003"
    folder.with_suffix(".begun").write_text("now\n" * MOST_BEGUN + "before\n" * 9)
    lost = run_trial(__version__, {"number": 3}, folder, "now")
    assert lost == {"error": "its worker was lost 3 times, perhaps for want of memory"}
    assert json.loads((folder / "outcome.json").read_text()) == lost


def epoch(number, accuracy, mean_iou=None):
    return SimpleNamespace(epoch=number, validation_accuracy=accuracy, validation_mean_iou=mean_iou, seconds=1.0)


def test_a_trial_tells_its_curve_line_by_line_and_ends_when_it_is_asked_to_also_begun_again(tmp_path):
    folder = tmp_path / "0003"
    assert read_curve(folder) == []
    folder.mkdir()
    with on_progress(_Curve(folder)):
        tell(Step("graphs", 1, 2))
        tell(Step("epochs", 1, 4, detail=epoch(1, 0.5)))
        tell(Step("epochs", 2, 4, detail=epoch(2, 0.6, mean_iou=0.4)))
    with (folder / "curve.jsonl").open("a") as file:
        file.write('{"percent": 75, "val')  # being written
    assert read_curve(folder) == [(25, 0.5), (50, 0.4)]
    stop_file(folder).touch()
    shutil.rmtree(folder)
    folder.mkdir()
    with pytest.raises(StoppedEarlyError), on_progress(_Curve(folder)):
        tell(Step("epochs", 1, 4, detail=epoch(1, 0.5)))


# What has no memory, in the words of whoever asked for it.
FULL = [
    MemoryError("Unable to allocate 1.00 MiB"),
    RuntimeError("[enforce fail at alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: can't allocate memory"),
    RuntimeError("could not create a primitive"),
    RuntimeError("Invalid thread pool!"),
]


@pytest.mark.parametrize("error", FULL)
def test_a_trial_without_memory_says_what_to_do_about_it_in_a_study(error, tmp_path, monkeypatch):
    class Method:
        @staticmethod
        def fit(_):
            raise error

        open_model = fit

    monkeypatch.setattr(trial_stage, "_limit_memory", lambda _: None)  # of this process
    monkeypatch.setattr(stage, "find_method", lambda _: Method)
    assignment = asdict(Assignment((), (), NAMES))
    granted = "its memory was not enough; grant a trial more (--memory), or use fewer workers"
    none_left = "the machine had not enough memory left; use fewer workers, or a machine with more"
    trial = {"stage": "trial", "assignment": assignment, "memory": 0}
    # the test side has all the memory that there is
    for job, sentence in ((trial, granted), ({"stage": "predict", "model": ""}, none_left)):
        (tmp_path / "job.json").write_text(json.dumps({"method": "", "device": "cpu", **job}))
        stage.run_stage(tmp_path / "job.json", trial_stage.STAGES)
        assert json.loads((tmp_path / "outcome.json").read_text())["error"] == sentence


@pytest.mark.parametrize("kind", ["unet", "lattice"])
def test_a_tree_of_each_kind_is_fitted_as_it_says_and_predicts(kind, tmp_path):
    drawn = [striped(side=64, seed=seed) for seed in range(2)]
    sources = named_sources([image for image, _ in drawn], [classes for _, classes in drawn], tmp_path)
    tree = smallest(tz.default_space(kind), **{"crf" if kind == "unet" else "crf_steps": 3})
    settings = {"tree": tree.plain(), "space": tree.space.plain(), "steps": 2}
    plain = json.loads(json.dumps(asdict(Assignment(tuple(sources), (1,), NAMES, settings=settings))))
    model = find_method(f"terrazzo.study.methods.{kind}").fit(Assignment.from_json(plain))
    assert model.fitted["steps"] == 2
    shape = model.network
    width = shape.description.down.levels[0].channels if kind == "unet" else shape.config.settings.width
    assert width == tree.values["width"]
    assert (shape.description.crf if kind == "unet" else shape.crf).steps == 3
    assert np.isin(tz.predict(model, drawn[0][0]).compute(), (0, 1)).all()
