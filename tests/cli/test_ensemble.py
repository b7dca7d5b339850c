import json

from forests import random_forest
from textures import NAMES

import terrazzo as tz


def test_models_become_one_file_that_predicts_and_the_best_of_them_another(files, run, tmp_path):
    fitted, paths = tz.open_model(files / "model.safetensors"), []
    for seed in range(2):
        forest = random_forest(classes=len(NAMES), seed=seed, trees=2)
        forest = tz.ForestModel(forest.trees, 1, 2, fitted.class_names, fitted.colours)
        paths.append(tz.write_model(forest, tmp_path / f"forest-{seed}.safetensors"))
    given = (files / "model.safetensors", *paths)
    printed = json.loads(run("ensemble", *given, "-o", tmp_path / "all.safetensors", "--vote", "--json").out)
    assert printed["members"] == list(map(str, given))
    assert tz.open_model(tmp_path / "all.safetensors").vote
    ended = run("ensemble", *given, "-o", tmp_path / "best.safetensors", "--images", files / "images", "--annotations",
                files / "annotations", "--most", 2, "--workers", 1, "--json")  # fmt: skip
    assert ended.code == 0, ended.err
    printed = json.loads(ended.out)
    assert (printed["candidates"], printed["models"]) == (3, 2)
    assert printed["members"][0] == str(given[0])
    assert printed["mean_iou_of_1"] > 0.8
    best = tz.open_model(tmp_path / "best.safetensors")
    assert len(best.members) == 2
    assert "mean of probabilities" in run("info", tmp_path / "best.safetensors").out
