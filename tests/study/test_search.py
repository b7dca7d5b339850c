import fcntl
import json
import re
import shutil
import subprocess
import sys
from contextlib import nullcontext
from html.parser import HTMLParser
from pathlib import Path

import imageio.v3 as imageio
import optuna
import pytest
from study.run_search import NAMES, pairs, search, space
from study.stub_trees import FAILS, HUNGRY

import terrazzo as tz
from terrazzo.blockwise.cluster.worker_watch import WorkerWatch
from terrazzo.errors import InputError, ParameterError
from terrazzo.genes.tree import tree_of
from terrazzo.project.lock import LOCK
from terrazzo.study import proposals, trials
from terrazzo.study import search as searching
from terrazzo.study.trial_server import run_forked

OWN_PROCESSES = searching._own_processes  # before it is patched

pytestmark = pytest.mark.usefixtures("_stub")


def files_of(folder):
    """The bytes of what trials have left."""
    return {str(path): path.read_bytes() for path in sorted(Path(folder, "trials").rglob("*")) if path.is_file()}


@pytest.fixture(scope="module")
def found(client, tmp_path_factory):
    return search(tmp_path_factory.mktemp("found") / "study", client, trials=6, random=3, seed=2**40)


def test_random_trees_come_first_and_then_better_values_of_the_best(found):
    report = found.report
    assert [one["phase"] for one in report["trials"]] == ["random"] * 3 + ["improved"] * 3
    assert [one["state"] for one in report["trials"]] == ["COMPLETE"] * 6
    assert all(one["seconds"] > one["training_seconds"] > 0 for one in report["trials"])
    trees = [tree_of(one["tree"], space()) for one in report["trials"]]
    assert len({tree.fingerprint() for tree in trees}) == 6
    # what Optuna improves are values at the root: the genes are those of a tree that was drawn
    assert all(any(tree.root == before.root for before in trees[:3]) for tree in trees[3:])
    ranked = sorted((one["values"][0] for one in report["trials"]), reverse=True)
    assert [one["validation"]["mean_iou"] for one in report["best"]] == ranked[:2]
    assert set(report["importance"]) <= {parameter.name for parameter in space().free}


def without_field(space):
    """The parameters of a space whose trees have no random field."""
    return [tz.Choice("crf", (0,)) if one.name == "crf" else one for one in space.parameters]


def test_the_best_models_are_ready_to_use_and_measured_on_what_nothing_was_chosen_by(found):
    for one, path in zip(found.report["best"], found.best, strict=True):
        kept = Path(found.path, "trials", f"{one['trial']:04d}", "model.safetensors")
        assert Path(path).read_bytes() == kept.read_bytes()
        # all images are alike
        assert one["test"]["mean_iou"] == pytest.approx(one["validation"]["mean_iou"])
    sides = found.report["split"]
    assert sorted(name for side in sides.values() for name in side) == [f"image {number}" for number in range(4)]
    assert "6 trees: 6 complete, 0 stopped early, 0 failed" in found.report["summary"]
    assert repr(found).startswith("<terrazzo.Study of 6 trees: trial ")
    assert "test mean IoU" in found._repr_html_()


def test_the_journal_is_optunas_own(found):
    backend = optuna.storages.journal.JournalFileBackend(str(Path(found.path, "journal.log")))
    study = optuna.load_study(study_name="terrazzo", storage=optuna.storages.JournalStorage(backend))
    assert [trial.value for trial in study.trials] == [one["values"][0] for one in found.report["trials"]]
    assert study.trials[0].params["width"] == found.report["trials"][0]["tree"]["values"]["width"]


class Nested(HTMLParser):
    """Says whether what is opened is closed in turn."""

    def __init__(self):
        super().__init__()
        self.open, self.texts = [], []

    def handle_starttag(self, tag, _):
        if tag not in ("meta", "link", "line", "circle", "polyline", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_startendtag(self, *_):
        pass

    def handle_data(self, data):
        self.texts.append(data)


def test_the_page_has_every_trial_the_trees_of_the_best_and_nothing_from_elsewhere(found):
    text = Path(found.path, "index.html").read_text()
    page = Nested()
    page.feed(text)
    assert page.open == []
    said = " ".join(page.texts)
    assert text.count('<tr data-state="COMPLETE">') == 6
    assert text.count("convolution 0") >= 2 * 3
    assert "by complete trial" in said
    assert "Width: 4 to 20, whole, logarithmic ±0.5" in said
    assert not re.findall(r'(?:src|href)="(?!data:)', text)


def test_a_study_goes_on_with_more_trials_and_repeats_none(found, client, tmp_path):
    folder = tmp_path / "study"
    shutil.copytree(found.path, folder)
    before, lines = files_of(folder), Path(folder, "journal.log").read_bytes()
    again = search(folder, client, trials=6, random=3, seed=2**40)
    assert files_of(folder) == before
    assert again.report["trials"] == found.report["trials"]
    more = search(folder, client, trials=7, random=3, keep=1, seed=2**40)
    after = files_of(folder)
    assert {path: after[path] for path in before} == before
    assert len(more.report["trials"]) == 7
    assert len(list(Path(folder, "best").iterdir())) == 1
    assert Path(folder, "journal.log").read_bytes().startswith(lines)


def test_a_study_of_other_things_in_the_same_place_is_named(found, client, tmp_path):
    folder = tmp_path / "study"
    shutil.copytree(found.path, folder)
    was = "4 to 20, whole, logarithmic ±0.5"
    with pytest.raises(InputError, match=f"holds a study with space of width {was} and not 4 to 40, whole, log"):
        search(folder, client, space=space(width=(4, 40)))
    with pytest.raises(InputError, match="holds a study with space of crf 0 or 3 and not nothing"):
        search(folder, client, space=tz.default_space("unet", 2, *without_field(space())), seed=2**40)
    with pytest.raises(InputError, match="holds a study with steps 100 and not 50"):
        search(folder, client, steps=50)
    with pytest.raises(InputError, match="holds a study with kind unet and not lattice"):
        search(folder, client, space="lattice")
    images, annotations = pairs()
    with pytest.raises(InputError, match="holds a study with other images or annotations"):
        tz.search(images[::-1], annotations, folder, space=space(), class_names=NAMES, client=client,
                  searching=tz.Searching(steps=100, prune=False))  # fmt: skip
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "file").touch()
    with pytest.raises(InputError, match="exists and is no study"):
        search(tmp_path / "other", client)


HOLDING = """
import fcntl, sys
with open(sys.argv[1], "a+") as file:
    fcntl.flock(file, fcntl.LOCK_EX)
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_study_that_another_program_searches_is_not_replaced(found, client, tmp_path):
    folder = tmp_path / "study"
    shutil.copytree(found.path, folder)
    command = [sys.executable, "-c", HOLDING, str(folder / LOCK)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout.readline() == "held\n"
        with pytest.raises(InputError, match=r"the study .* is in use by another program"):
            search(folder, client, overwrite=True)
        other.kill()


def test_a_tree_that_fails_is_kept_with_its_reason_and_not_tried_again(client, tmp_path):
    failing = search(
        tmp_path / "study", client, space=space(dropout=(0.0, FAILS, HUNGRY)), trials=8, random=6, memory="2GiB"
    ).report
    reasons = {one["tree"]["values"]["dropout"]: one["reason"] for one in failing["trials"]}
    assert reasons.pop(0.0) is None
    memory = "its memory was not enough; grant a trial more (--memory), or use fewer workers"
    assert reasons == {FAILS: "the loss is not finite in epoch 1; use a learning rate below 1", HUNGRY: memory}
    trees = [tree_of(one["tree"], space(dropout=(0.0, FAILS, HUNGRY))).fingerprint() for one in failing["trials"]]
    assert len(set(trees)) == len(trees)
    assert "not finite" in Path(tmp_path, "study", "index.html").read_text()


noted = []


def note_end(folder):
    """Called on the worker, which is in this process, where processes for trials are to be ended."""
    noted.append(folder)


def test_where_no_trial_is_complete_one_sentence_says_why_and_the_study_stays(client, tmp_path, monkeypatch):
    options = {"space": space(dropout=(FAILS,)), "trials": 2}
    with pytest.raises(ParameterError, match="no trial was complete; trial 0 failed: the loss is not finite"):
        search(tmp_path / "study", client, **options)
    before = files_of(tmp_path / "study")
    monkeypatch.setattr(searching, "_own_processes", OWN_PROCESSES)
    monkeypatch.setattr(searching, "end_servers", note_end)
    with pytest.raises(ParameterError, match="no trial was complete"):
        search(tmp_path / "study", client, **options)
    assert noted == [tmp_path / "study"]
    assert files_of(tmp_path / "study") == before


def test_a_space_without_more_trees_ends_the_search(client, tmp_path, caplog, monkeypatch):
    # another thread that is free, and asks often
    monkeypatch.setattr(WorkerWatch, "threads", lambda _: 2)
    monkeypatch.setattr(trials, "SECONDS_BETWEEN_LOOKS", 0.1)
    monkeypatch.setattr(proposals, "DRAWS", 20)
    one = tz.default_space(
        "unet", 2, *(tz.Choice(parameter.name, [parameter.least]) for parameter in tz.default_space().parameters)
    )
    study = search(tmp_path / "study", client, space=one, trials=5, random=5)
    assert len(study.report["trials"]) == 1
    assert caplog.text.count("the space has no tree that fits and was not tried: the search ends with 1") == 1


def test_the_tests_of_the_best_are_held_as_trials_are(tmp_path, monkeypatch):
    def tested(_, place, start):
        assert start is run_forked
        with place.with_suffix(".held").open("a") as file, pytest.raises(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return {"images": []}

    monkeypatch.setattr(searching, "run_apart", tested)
    assert searching._test(3, {3: {}}, tmp_path) == (3, {"images": []})


def test_quality_and_speed_give_a_front(client, tmp_path):
    study = search(tmp_path / "study", client, trials=4, objective=("accuracy", "seconds_per_megapixel")).report
    values = {one["number"]: one["values"] for one in study["trials"]}
    front = {
        number
        for number, (quality, seconds) in values.items()
        if not any(q >= quality and s <= seconds and (q, s) != (quality, seconds) for q, s in values.values())
    }
    assert set(study["front"]) == front
    assert study["best"][0]["trial"] in front
    assert "Pareto front" in Path(tmp_path, "study", "index.html").read_text()


def test_what_cannot_be_searched_is_said_before_anything_is_written(client, tmp_path, monkeypatch):
    folder = tmp_path / "study"
    with pytest.raises(ParameterError, match=r"smallest tree of the space does not fit: it would take .* and 1\.0 G"):
        search(folder, client, memory="1GiB", space=space(width=(4000, 5000)))
    with pytest.raises(ParameterError, match="folds is 2; a search has one split"):
        tz.search(*pairs(), folder, split=tz.Splitting(folds=2), client=client)
    with pytest.raises(InputError, match="2 images came with 4 annotations"):
        tz.search(pairs()[0][:2], pairs()[1], folder, client=client)
    with pytest.raises(ParameterError, match="write searching=Searching"):
        tz.search(*pairs(), folder, trials=3)
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(ParameterError, match=r"a search needs optuna, .* pip install 'terrazzo\[optuna\]'"):
        search(folder, client)
    assert not folder.exists()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"trials": 0}, "trials is 0"),
        ({"trials": 3, "random": 4}, "random is 4; it must be 1 to 3"),
        ({"steps": 3, "seconds": 5}, "both say how long training is"),
        ({"memory": "much"}, "memory is 'much'; give a positive number of bytes"),
        ({"objective": "speed"}, "objective is speed; give one of mean_iou"),
        ({"objective": ("mean_iou", "accuracy")}, "alone or followed by seconds_per_megapixel"),
        ({"seed": -1}, "seed is -1"),
    ],
)
def test_settings_out_of_range_are_one_sentence(options, sentence):
    with pytest.raises(ParameterError, match=sentence):
        tz.Searching(**options)


def test_a_tree_trains_for_two_minutes_where_nothing_is_said():
    assert tz.Searching().seconds == 120
    assert tz.Searching(steps=5).seconds is None
    assert tz.Searching(trials=5).drawn == 3


def test_the_command_prints_the_best_and_reads_a_space_of_a_file(client, tmp_path, monkeypatch, run, mistake):
    monkeypatch.setattr("terrazzo.blockwise.cluster.cluster.cluster_client", lambda *_: nullcontext(client))
    for what, arrays in zip(("images", "annotations"), pairs(), strict=True):
        (tmp_path / what).mkdir()
        for number, array in enumerate(arrays):
            imageio.imwrite(tmp_path / what / f"{number}.png", array)
    changed = {"kind": "unet", "parameters": [{"name": "depth", "low": 1, "high": 1, "whole": True}]}
    (tmp_path / "space.json").write_text(json.dumps(changed))
    given = ("search", tmp_path / "images", tmp_path / "annotations", "-o", tmp_path / "study", "--classes", "a,b")
    ended = run(*given, "--space", tmp_path / "space.json", "--trials", 2, "--steps", 40, "--keep", 1, "--json")
    assert ended.code == 0, ended.err
    printed = json.loads(ended.out)
    assert printed["summary"].startswith("2 trees: ")
    assert printed["best/1.safetensors"]["test_mean_iou"] >= 0
    changed["parameters"][0]["high"] = 0
    (tmp_path / "space.json").write_text(json.dumps(changed))
    said = mistake(*given, "--space", tmp_path / "space.json")
    assert "depth goes from 1 to 0; the lower end comes first" in said
    (tmp_path / "space.json").write_text("{")
    assert "is no JSON of a space (Expecting" in mistake(*given, "--space", tmp_path / "space.json")
    assert "is no JSON of a space (No such file or directory); " in mistake(*given, "--space", tmp_path / "none.json")
    assert "no trees of kind 'forest'" in mistake(*given, "--space", "forest")
