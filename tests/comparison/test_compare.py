import json
import re

import numpy as np
import pytest
from comparison.conftest import QUICK
from flat import comparing
from forked import forked_stage
from textures import NAMES

import terrazzo as tz
from terrazzo.comparison import runner
from terrazzo.errors import InputError, ParameterError

STUB = "comparison.stub_method"


@pytest.fixture(scope="module", autouse=True)
def _forked():
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(runner, "_run", forked_stage)
        yield


@pytest.fixture
def fits(tmp_path, monkeypatch):
    """What the stub was fitted with, in this test."""
    notes = tmp_path / "fits.txt"
    monkeypatch.setenv("STUB_FITS", str(notes))
    return lambda: [json.loads(line) for line in notes.read_text().splitlines()]


def test_a_folder_with_something_else_is_refused(pairs, tmp_path):
    (tmp_path / "mine.txt").touch()
    for overwrite in (False, True):
        with pytest.raises(InputError, match="exists and is no comparison; choose another folder"):
            tz.compare(*pairs, tmp_path, **comparing(overwrite=overwrite, **QUICK))
    assert (tmp_path / "mine.txt").is_file()


@pytest.mark.usefixtures("fits")
def test_a_report_stays_until_another_has_begun_in_its_place(pairs, tmp_path):
    folder, options = tmp_path / "report", QUICK | {"methods": (STUB,)}
    first = tz.compare(*pairs, folder, **comparing(**options)).report
    assert first["growth"] == {}
    assert "Memory of a prediction" not in (folder / "index.html").read_text()
    with pytest.raises(ParameterError, match="5 annotated images are too few"):
        tz.compare(*pairs, folder, **comparing(overwrite=True, folds=9, **options))
    assert json.loads((folder / "report.json").read_text()) == first
    second = tz.compare(*pairs, folder, **comparing(overwrite=True, seed=3, **options)).report
    assert json.loads((folder / "report.json").read_text()) == second != first
    assert sorted(path.name for path in tmp_path.iterdir()) == ["fits.txt", "report"]
    # what a killed run has put aside is put back
    folder.rename(tmp_path / ".report.replaced")
    (folder / "inputs").mkdir(parents=True)
    (folder / "compare.json").write_text('{"finished": false}')
    with pytest.raises(InputError, match="holds this comparison, finished"):
        tz.compare(*pairs, folder, **comparing(seed=3, **options))
    assert (folder / "index.html").is_file()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["fits.txt", "report"]


LATE, EARLY, KILLED = f"{STUB}:late", f"{STUB}:early", f"{STUB}:killed"


@pytest.fixture(scope="module")
def troubled(pairs, tmp_path_factory):
    """A comparison in two folds in which one method works, and variants of another fail in the second, the first, both.

    Its fits as the stub notes them, its folder and its report.
    """
    folder = tmp_path_factory.mktemp("troubled")
    settings = {LATE: {"fails_at": 2}, EARLY: {"fails_at": 3}, KILLED: {"killed": 1}}
    # numbers of numpy are numbers as well
    options = QUICK | {"methods": (*settings, "forest"), "folds": 2, "sides": np.array([64]), "seed": np.int64(2)}
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("STUB_FITS", str(folder / "fits.txt"))
        report = tz.compare(*pairs, folder / "report", **comparing(settings=settings, **options)).report
    fits = [json.loads(line) for line in (folder / "fits.txt").read_text().splitlines()]
    return fits, folder / "report", report


def test_a_method_that_lacks_folds_is_said_to_and_is_not_the_best(troubled):
    fits, folder, report = troubled
    assert fits == [*2 * [{"fails_at": 2}], *2 * [{"fails_at": 3}], *2 * [{"killed": 1}]]
    for name in (LATE, EARLY):
        assert len(report["methods"][name]["failed_folds"]) == len(report["methods"][name]["fold_accuracies"]) == 1
    assert "Always the first class" not in report["summary"]
    assert report["summary"].startswith("Random forest on pixels was the most accurate")
    page = (folder / "index.html").read_text()
    assert "was measured on 1 of 2 folds, so that its figures do not compare: this fold is too hard" in page


def test_memory_is_measured_of_what_was_fitted_on_the_first_fold(troubled):
    _, folder, report = troubled
    assert {name: grown["sides"] for name, grown in report["growth"].items()} == {LATE: [64], "forest": [64]}
    page = (folder / "index.html").read_text()
    assert "Memory of a prediction" in page
    assert "<td>does not grow</td>" not in page
    assert not list((folder / "inputs").glob("side-*"))


def test_a_method_that_fails_does_not_keep_the_others_from_being_measured(troubled):
    _, folder, report = troubled
    assert "was ended by signal 6, perhaps for want of memory" in report["methods"][KILLED]["error"]
    assert report["methods"]["forest"]["scores"]["accuracy"] > 0.8
    assert "was not measured: its process was ended by signal 6" in (folder / "index.html").read_text()


def test_variants_of_a_method_are_measured_side_by_side(troubled):
    _, folder, report = troubled
    titles = [report["methods"][name]["title"] for name in (LATE, EARLY)]
    assert titles == ["Always the first class (late)", "Always the first class (early)"]
    layers = [picture["layers"] for picture in report["pictures"]]
    assert any(LATE in one for one in layers)
    assert all(":" not in file and (folder / file).is_file() for one in layers for file in one.values())


def test_what_was_fitted_before_an_interruption_is_not_fitted_again(pairs, tmp_path, fits):
    def interrupt(step):
        if step.done == 2:
            raise KeyboardInterrupt

    options = QUICK | {"methods": (STUB,), "folds": 2}
    with pytest.raises(KeyboardInterrupt), tz.on_progress(interrupt):
        tz.compare(*pairs, tmp_path / "report", **comparing(**options))
    assert len(fits()) == 1
    told = []
    with tz.on_progress(told.append):
        report = tz.compare(*pairs, tmp_path / "report", **comparing(**options)).report
    assert len(fits()) == 2
    assert [(step.name, step.done, step.total) for step in told] == [("comparison", n, 4) for n in range(4)]
    truth = np.concatenate([annotation.ravel() for annotation in pairs[1]])
    assert report["methods"][STUB]["scores"]["accuracy"] == np.mean(truth == 0)
    assert len(report["methods"][STUB]["fold_accuracies"]) == 2


@pytest.mark.usefixtures("fits")
def test_if_no_method_works_the_first_reason_is_given(pairs, tmp_path):
    with pytest.raises(ParameterError, match=r"no method could be measured; .*: this method never works; leave it out"):
        tz.compare(*pairs, tmp_path / "report", **comparing(methods=(STUB,), settings={STUB: {"mistake": 1}}, **QUICK))
    assert not (tmp_path / "report" / "index.html").exists()


@pytest.mark.parametrize("reported", [False, True])
def test_a_gpu_that_is_too_small_is_told_what_would_fit(pairs, tmp_path, fits, reported):
    settings = {STUB: {"fits": 128, "reported": reported}}
    with pytest.raises(ParameterError, match="the GPU's memory is too small: batch 1 and patch 128 would fit"):
        tz.compare(*pairs, tmp_path / "report", **comparing(methods=(STUB,), settings=settings, **QUICK))
    assert fits()[-1] == {**settings[STUB], "batch": 1, "patch": 128}


def test_a_budget_too_small_for_the_least_steps_is_told(pairs, tmp_path, fits):
    settings = {STUB: {"fitted": {"steps": 40.0}, "sleep": 0.3}}
    with pytest.raises(
        ParameterError, match=r"a budget of 0.2 s is too small for 40 steps, .*; give at least \d+$"
    ) as told:
        tz.compare(*pairs, tmp_path / "report", **comparing(methods=(STUB,), settings=settings, seconds=0.2, **QUICK))
    assert int(str(told.value).split()[-1]) >= 3
    assert fits()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"methods": ("cnn",)}, "there is no method 'cnn'; choose among lattice, unet, forest"),
        ({"methods": ("no.such",)}, "the method 'no.such' cannot be imported"),
        ({"methods": ("textures",)}, "there is no method 'textures'"),
        ({"methods": ("unet:", "lattice")}, "the method 'unet:' has the variant ''; name it by letters"),
        ({"methods": ("unet:a/b", "lattice")}, "has the variant 'a/b'"),
        ({"methods": ("lattice", "lattice")}, "name at least one, each once"),
        ({"split": "pixel"}, "it must be 'image', 'group' or 'region'"),
        ({"groups": "(a)"}, "groups and split='group' go together"),
        ({"seconds": 0}, "seconds is 0; it must be above 0"),
        ({"seed": -1}, "seed is -1; it must be at least 0"),
        ({"methods": ("./my.py",)}, "the method './my.py' cannot be imported"),
        ({"settings": {"lattice": {"siz": 8}}}, "there is no setting 'siz' (perhaps 'size' is meant); those of"),
        ({"settings": {"forest": {"trees": 0}}}, "each must be at least 1"),
        ({"folds": 6}, "5 annotated images are too few for a training, a validation and a test side in 6 folds"),
        ({"class_names": ("a", "a")}, "give 2 different ones"),
        ({"device": "tpu"}, "there is no device 'tpu'"),
    ],
)
def test_a_parameter_out_of_range_is_refused(pairs, tmp_path, options, sentence):
    with pytest.raises(ParameterError, match=re.escape(sentence)):
        tz.compare(*pairs, tmp_path / "report", **comparing(**QUICK | options))


def test_images_that_do_not_fit_their_annotations_are_refused(pairs, tmp_path):
    images, annotations = pairs
    with pytest.raises(InputError, match="5 images came with 4 annotations"):
        tz.compare(images, annotations[:4], tmp_path / "report")
    with pytest.raises(InputError, match=r"the annotation of image 0 has \(96, 90\) pixels"):
        tz.compare(images, [annotations[0][:, :90], *annotations[1:]], tmp_path / "report")
    with pytest.raises(InputError, match=r"fewer than two classes are annotated.*map 255=1"):
        tz.compare(images, [np.zeros_like(one) for one in annotations], tmp_path / "report")
    with pytest.raises(InputError, match=r"annotate some pixels of at least two classes$"):
        tz.compare(images, [np.zeros_like(one) for one in annotations], tmp_path / "report", class_names=["a"])
    with pytest.raises(InputError, match="holds the value 7; with 2 classes it must be less"):
        tz.compare(
            images,
            [np.full_like(annotations[0], 7), *annotations[1:]],
            tmp_path / "other",
            **comparing(class_names=NAMES),
        )
