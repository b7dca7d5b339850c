import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

import terrazzo as tz
from terrazzo.errors import InputError, ParameterError
from terrazzo.project import fit_graphs, kept_tables, measuring
from terrazzo.training.lattice.tables import Table
from terrazzo.training.lattice.training_task import MOST_JUDGED

from .conftest import NAMES, draw, squares

SMALL = tz.LatticeSettings(width=8, levels=1, blocks=1, pixel_width=8, crf_steps=1)
FEW = tz.LatticeTraining(steps=12, device="cpu", crop=8)
WHOLE = (slice(None), slice(None))


def test_a_fit_on_graphs_that_are_kept_is_that_on_files(study, tmp_path):
    # tables that no boundary weighs are made anew
    study.fit(network=SMALL, training=FEW)
    weighed = replace(FEW, boundary=3.0, boundary_width=4.0)
    kept = study.fit(network=SMALL, training=weighed, anew=True)
    image = tz.open_image(tmp_path / "wood.ome.zarr")
    annotation = tz.open_annotation(study.annotation_path("wood"), image, classes=NAMES)
    training = replace(weighed, block=128)
    alone = tz.fit([image], [annotation], size=8, network=SMALL, training=training)
    assert kept.fingerprint() == alone.fingerprint()
    assert {**kept.fitted, "seconds": 0} == {**alone.fitted, "seconds": 0}
    assert (kept.pixel_size, kept.seen) == (alone.pixel_size, alone.seen)


def test_a_prediction_and_a_window_have_the_classes_that_predicting_the_image_gives(study, tmp_path):
    model = study.fit(network=SMALL, training=FEW)
    (result,) = study.predict(probabilities=True)
    image = tz.open_image(tmp_path / "wood.ome.zarr")
    plain = tz.write_prediction(model, image, tmp_path / "plain.zarr", block=128, probabilities=True)
    np.testing.assert_array_equal(result.read_classes(WHOLE), plain.read_classes(WHOLE))
    np.testing.assert_array_equal(result.read_superpixels(WHOLE), plain.read_superpixels(WHOLE))
    assert result.graph().edge_index.tolist() == plain.graph().edge_index.tolist()
    assert result.nodes.compute().equals(plain.nodes.compute())
    window = (slice(13, 201), slice(100, 256))
    np.testing.assert_array_equal(study.window("wood", window), plain.read_classes(window))
    before = result.run_id
    assert study.predict(probabilities=True)[0].run_id == before
    study.fit(training=FEW)
    assert study.predict()[0].run_id != before


def test_only_tables_of_blocks_that_were_drawn_on_are_made_anew(study, picture, monkeypatch):
    study.fit(network=SMALL, training=FEW)
    written = []
    write = kept_tables.write_table
    monkeypatch.setattr(kept_tables, "write_table", lambda t, f, b, **k: written.append(b.index) or write(t, f, b, **k))
    study.fit(training=FEW)
    assert written == []
    last = ((200, 200, 212, 212), NAMES[picture[1][206, 206]])
    draw(study.annotation_path("wood"), [*squares(picture[1], 30), last])
    study.fit(training=FEW)
    assert written == [(1, 1)]


def test_a_fit_goes_on_from_the_model_before_it_and_keeps_both_with_their_scores(study):
    first = study.fit(network=SMALL, training=FEW)
    second = study.fit(training=FEW)
    assert second.settings == first.settings
    assert second.scales.row_mean.tolist() == first.scales.row_mean.tolist()
    assert [(one.file, one.start) for one in study.models] == [
        ("models/0001.safetensors", None),
        ("models/0002.safetensors", "models/0001.safetensors"),
    ]
    assert study.models[1].scores["validation_mean_iou"] == second.fitted["validation_mean_iou"]
    assert set(study.models[0].annotated) == set(NAMES)
    anew = study.fit(network=SMALL, training=FEW, anew=True)
    assert (anew.fingerprint(), study.models[2].start) == (first.fingerprint(), None)


def test_a_class_that_is_drawn_later_joins_the_others_and_tables_stay(study, picture, monkeypatch):
    study.fit(network=SMALL, training=FEW)
    made = []
    of_block = Table.of_block

    def counted(block, *rest, **how):
        made.append(block.index)
        return of_block(block, *rest, **how)

    monkeypatch.setattr(Table, "of_block", counted)
    knots = [((30, 30, 42, 42), "knot"), ((50, 20, 62, 32), "knot")]
    draw(study.annotation_path("wood"), [*squares(picture[1], 30), *knots])
    model = study.fit(training=FEW)
    assert model.class_names == (*NAMES, "knot") == tuple(study.classes)
    assert made == [(0, 0)]
    assert study.models[-1].annotated["knot"] == 2 * 12 * 12


def test_a_class_that_nobody_has_drawn_is_named(study, picture, caplog):
    draw(study.annotation_path("wood"), squares(picture[1], 30))
    tz.Project.begin(study.folder, classes={"rot": "#00ff00"})
    study.fit(network=SMALL, training=FEW)
    assert "'rot' (0 pixels)" in caplog.text
    draw(study.annotation_path("wood"), [one for one in squares(picture[1], 30) if one[1] == "bare"])
    with pytest.raises(
        ParameterError, match=r"class 'bare' is the only one annotated; draw some shapes of another class$"
    ):
        study.fit(network=SMALL, training=FEW)


def test_a_shape_outside_the_image_is_named_and_one_that_was_erased_is_none(study, picture):
    path = study.annotation_path("wood")
    draw(path, [*squares(picture[1], 30), ((900, 900, 912, 912), "wood")])
    with pytest.raises(InputError, match=r"shape 31 \('wood'\) lies outside the image, at x 900 to 912"):
        study.fit(network=SMALL, training=FEW)
    assert study.models == ()
    draw(path, [])
    with pytest.raises(InputError, match=r"nothing is drawn in .*: draw at least two classes, and save"):
        study.fit()


def test_a_run_that_was_cut_short_goes_on_where_it_stopped(study, monkeypatch):
    from terrazzo.blockwise.runs import write_prediction as runs

    made = []

    def cut(block, *rest):
        made.append(block.index)
        if len(made) == 3:
            raise KeyboardInterrupt
        return write(block, *rest)

    write = runs.write_pass
    monkeypatch.setattr(runs, "write_pass", cut)
    with pytest.raises(KeyboardInterrupt):
        study.measure()
    assert study.unmeasured == ["wood"]
    done = set(tz.open_result(measuring.graph_path(study.folder, "wood")).finished("superpixels"))
    assert done
    made[:] = [None] * 3
    study.measure()
    assert study.unmeasured == []
    assert not done & set(made)


def test_a_fit_that_was_cut_short_loses_nothing(study, monkeypatch):
    first = study.fit(network=SMALL, training=FEW)

    def cut(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(fit_graphs, "train", cut)
        with pytest.raises(KeyboardInterrupt):
            study.fit(training=FEW)
    assert study.model().fingerprint() == first.fingerprint()
    assert len(study.models) == 1
    assert study.fit(training=FEW).fingerprint() != first.fingerprint()


def test_an_image_that_moved_or_changed_is_named_and_nothing_is_lost(study, picture, tmp_path):
    study.measure()
    run_id, image = study.graph("wood").run_id, tmp_path / "wood.ome.zarr"
    for file in image.rglob("*"):
        os.utime(file)
    study.measure()
    (tmp_path / "elsewhere").mkdir()
    image.rename(tmp_path / "elsewhere" / "wood.ome.zarr")
    with pytest.raises(InputError, match=r"image 'wood' of the project is no longer at .*terrazzo project add"):
        study.fit()
    study.add([tmp_path / "elsewhere" / "wood.ome.zarr"])
    study.measure()
    assert study.graph("wood").run_id == run_id
    image = tmp_path / "elsewhere" / "wood.ome.zarr"
    shutil.rmtree(image)
    tz.write_ome_zarr(image, 255 - picture[0], axes="yx")
    with pytest.raises(InputError, match=r"image 'wood' of the project, at .* has changed since its superpixels"):
        study.fit()
    with pytest.raises(InputError, match="has an image 'wood' with other pixels"):
        study.add([image])
    study.add([image], overwrite=True)
    assert study.unmeasured == ["wood"]
    assert study.annotation_path("wood").exists()


def test_a_project_that_moves_with_its_images_finds_them(study, tmp_path):
    (tmp_path / "there").mkdir()
    for name in (study.folder.name, "wood.ome.zarr"):
        (tmp_path / name).rename(tmp_path / "there" / name)
    moved = tz.Project(tmp_path / "there" / "study")
    assert moved.image("wood").path == str(tmp_path / "there" / "wood.ome.zarr")


def test_label_images_take_the_classes_of_the_project(study, picture, tmp_path):
    labels = picture[1].copy()
    labels[:, 40:220] = 255
    tz.write_ome_zarr(tmp_path / "drawn.ome.zarr", labels, axes="yx")
    study.add([tmp_path / "wood.ome.zarr"], annotations=[tmp_path / "drawn.ome.zarr"])
    assert study.fit(network=SMALL, training=FEW).class_names == NAMES
    labels[0, 0] = 7
    shutil.rmtree(tmp_path / "drawn.ome.zarr")
    tz.write_ome_zarr(tmp_path / "drawn.ome.zarr", labels, axes="yx")
    with pytest.raises(InputError, match=r"drawn.ome.zarr.* holds the value 7; with 2 classes"):
        study.fit(training=FEW)


def test_what_is_no_project_or_another_one_is_refused(study, picture, tmp_path):
    with pytest.raises(InputError, match=r"is no project \(it holds no project.json\)"):
        tz.Project(tmp_path)
    with pytest.raises(InputError, match="exists and is no project; choose another folder"):
        tz.Project.begin(tmp_path)
    with pytest.raises(InputError, match="is a project with superpixels of 8 x 8 pixels, or made otherwise"):
        tz.Project.begin(study.folder, size=16)
    assert tz.Project.begin(study.folder, size=8).images == ("wood",)
    tz.write_ome_zarr(tmp_path / "rgb.ome.zarr", np.stack([picture[0]] * 3), axes="cyx")
    with pytest.raises(InputError, match="has 3 channels and 2 axes, and the images of the project have 1 and 2"):
        study.add([tmp_path / "rgb.ome.zarr"])
    with pytest.raises(InputError, match="the project has no image 'a'; its images are wood"):
        study.image("a")
    with pytest.raises(InputError, match="nothing is fitted in"):
        study.predict()
    (study.folder / "project.json").write_text("{")
    with pytest.raises(InputError, match=r"project.json' is damaged"):
        study.fit()


HOLDING = """
import sys, terrazzo as tz
with tz.Project(sys.argv[1]).held():
    print("held", flush=True)
    sys.stdin.read()
"""


def test_the_second_of_two_programs_is_told_until_the_first_ends_however_it_does(study):
    command = [sys.executable, "-c", HOLDING, str(study.folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout.readline() == "held\n"
        with pytest.raises(InputError, match=rf"is in use by another program \(process {other.pid} on"):
            study.fit()
        other.kill()
    with study.held(), study.held():
        study.measure()


def test_what_a_project_says_is_plain_json(study):
    study.fit(network=SMALL, training=FEW)
    plain = json.loads((study.folder / "project.json").read_text())
    assert [one["name"] for one in plain["classes"]] == list(NAMES)
    assert plain["images"][0]["annotation"] == "annotations/wood.geojson"
    assert (study.folder / plain["models"][0]["file"]).is_file()


def test_a_graph_is_an_image_of_superpixels_for_other_tools(study, tmp_path):
    study.measure()
    ome = json.loads((study.folder / "graphs" / "wood.zarr" / "zarr.json").read_text())["attributes"]["ome"]
    assert ome["multiscales"][0]["datasets"][0]["path"] == "labels/superpixels/0"
    superpixels = tz.superpixels(tz.open_image(tmp_path / "wood.ome.zarr"), size=8).compute()
    np.testing.assert_array_equal(study.graph("wood").read_superpixels(WHOLE), superpixels)
    assert study.graph("wood").nodes.compute().shape[0] == study.graph("wood").run["figures"]["superpixels"]


def test_a_short_fit_is_judged_on_half_of_what_its_steps_see():
    assert fit_graphs.most_judged(tz.LatticeTraining(steps=20), (2, 2)) == 20 * 4 * 32 * 32 // 2
    assert fit_graphs.most_judged(tz.LatticeTraining(steps=1000), (2, 2)) == MOST_JUDGED
    assert fit_graphs.most_judged(tz.LatticeTraining(), (2, 2)) == MOST_JUDGED
