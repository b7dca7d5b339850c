"""Every mistake from the command line: exit code 2, one sentence, no traceback, nothing half-written."""

import json
import os
import pickle
import re
import resource
import shutil
import struct
import subprocess
import sys
import zlib

import imageio.v3 as imageio
import numpy as np
import pytest
import tifffile
import torch
import zarr
from drawings import feature, rectangle, write_features
from safetensors import safe_open
from safetensors.numpy import save_file
from textures import striped
from unets import random_unet
from untrained import untrained_model

import terrazzo as tz
from terrazzo.blockwise.cluster import cluster
from terrazzo.blockwise.cluster.worker_server import start_loading

QUICK = "--size 8 --width 8 --steps 3"
IMAGE, TRUTH, MODEL = "{files}/images/a.png", "{files}/annotations/a.png", "{files}/model.safetensors"
FIT = f"fit {{}} {TRUTH} -o {{out}}/m.safetensors {QUICK}"
FIT_WITH = f"fit {IMAGE} {{}} -o {{out}}/m.safetensors {QUICK}"
FIT_SO = f"fit {IMAGE} {TRUTH} -o {{out}}/m.safetensors {QUICK} {{}}"
PREDICT = f"predict {{}} -m {MODEL} -o {{out}}/r.zarr --workers 1"
PREDICT_SO = f"predict {IMAGE} -m {MODEL} -o {{out}}/r.zarr {{}}"
ENSEMBLE = f"ensemble {MODEL} {{}} -o {{out}}/m"
PREDICT_BY = f"predict {IMAGE} -m {{}} -o {{out}}/r.zarr"
SCORE_WITH = "score {files}/result.zarr {}"
FIT_UNET = "fit --model unet {files}/images {files}/annotations -o {out}/m.safetensors --device cpu {}"
COMPARE = "compare {files}/images {files}/annotations -o {out}/report {}"

# what is wrong, the command, and a part of the sentence
MISTAKES = [
    ("missing image", FIT, "{out}/none.png", "There is no file, folder or store at"),
    ("missing image", PREDICT, "{out}/none.png", "There is no file, folder or store at"),
    ("missing image", "plan {}", "{out}/none.png", "There is no file or store at"),
    ("missing path", "info {}", "{out}/none.png", "there is nothing at"),
    ("missing annotation", FIT_WITH, "{out}/none.png", "There is no file, folder or store at"),
    ("missing annotation", SCORE_WITH, "{out}/none.png", "There is no file, folder or store at"),
    ("missing result", "score {} " + TRUTH, "{out}/none.zarr", "There is no file, folder or store at"),
    ("glob without a match", FIT, "{files}/*.jpg", "No image matches"),
    ("empty file", PREDICT, "{bad}/empty.png", "is empty"),
    ("file cut short", PREDICT, "{bad}/cut.tif", "is cut short"),
    ("folder without images", PREDICT, "{bad}/folder", "holds no images"),
    ("folder that is no store", "plan {}", "{bad}/folder", "is a folder and no Zarr store"),
    ("format that is none", "info {}", "{bad}/notes.txt", "is of no known format"),
    ("five axes", "info {}", "{bad}/five.npy", "does not say what its 5 axes"),
    ("axes that do not fit", "info --axes yxc {}", IMAGE, "has 2 axes, of shape (96, 96); axes='yxc' names 3"),
    ("axes that are none", "info --axes abc {}", IMAGE, "axes='abc' must name each axis"),
    ("complex values", "info {}", "{bad}/complex.npy", "holds values of type complex64"),
    ("objects", "info {}", "{bad}/object.npy", "cannot be read as NPY"),
    ("texts", "info {}", "{bad}/text.npy", "holds values of type <U4"),
    ("empty image", "info {}", "{bad}/nothing.npy", "is empty: its shape is (0, 5)"),
    ("level that is none", "plan --level 3 {}", IMAGE, "has no level 3"),
    ("NaN", FIT, "{bad}/nan.npy", "is nan in channel 0 at pixel (y, x) = (70, 80)"),
    ("infinity", FIT, "{bad}/infinite.npy", "is inf in channel 0 at pixel (y, x) = (5, 90)"),
    ("size of zero", FIT_SO, "--size 0", "size is 0; it must be a whole number of pixels of at least 2"),
    ("negative size", FIT_SO, "--size -8", "size is -8; it must be a whole number of pixels of at least 2"),
    ("fractional size", FIT_SO, "--size 8.5", "size is '8.5'; it must be a whole number of pixels"),
    ("size that is none", FIT_SO, "--size 8,,8", "size is '8,,8'; it must be a whole number of pixels"),
    ("size of zero", "plan --size 8,0 {}", IMAGE, "size is (8, 0); it must be"),
    ("compactness", FIT_SO, "--compactness nan", "compactness is nan; it must be a number of at least 0"),
    ("sigma", FIT_SO, "--sigma -1", "sigma is -1.0; it must be a number of pixels from 0 to 64"),
    ("scale", FIT_SO, "--scale 0", "scale is 0.0; it must be a positive intensity difference"),
    ("weights", FIT_SO, "--weights 1,x", "weights are '1,x'; give one number per channel"),
    ("block", FIT_SO, "--block 0", "block is 0; it must be a positive number of pixels"),
    ("epochs", FIT_SO, "--epochs 0", "epochs is 0"),
    ("no number", FIT_SO, "--width wide", "Invalid value for '--width'"),
    ("annotation of another shape", FIT_WITH, "{bad}/small.png", "(90, 96) pixels (y, x) and its image (96, 96)"),
    ("annotation of another shape", SCORE_WITH, "{bad}/small.png", "(90, 96) pixels (y, x) and the result (96, 96)"),
    ("annotation in colour", FIT_WITH, "{files}/colour.png", "has 3 channels; labels have one"),
    ("annotation in colour", FIT_WITH, "{files}/colour.png", "which class each is of #000000 (100 %), by classes={"),
    ("a class without a colour", FIT_SO, "--classes a=#ff0000,b", "give each one colour, such as tumour=#ff0000"),
    ("a colour twice", FIT_WITH, "{files}/colour.png --classes a=#ff0000,b=#ff0000", "two classes have the colour"),
    ("other classes", SCORE_WITH, TRUTH + " --classes a=#ff0000", "which knows their names: smooth, striped"),
    ("annotation in fractions", FIT_WITH, "{bad}/nan.npy", "holds float32 values; labels are integers"),
    ("unpaired names", "fit {files}/images {} -o {out}/m.safetensors", "{bad}/other", "images without an annotation"),
    ("unpaired names", "fit {} {files}/annotations -o {out}/m.safetensors", "{bad}/other", "without an annotation of"),
    ("unpaired mask", f"fit {{files}}/images {{files}}/annotations --mask {{}} -o {{out}}/m {QUICK}", TRUTH, "a mask"),
    ("mask of 0 and 255", FIT_WITH, "{bad}/mask.png", "if 255 is a class, as in a mask, and does not mean"),
    ("mask of 0 and 255", SCORE_WITH, "{bad}/mask.png", "holds 0 and 255 alone, which looks like a mask"),
    ("gap in classes", FIT_WITH, "{bad}/tens.png", "the classes 10, 20 have pixels and 0 to 9, 11 to 19 none"),
    ("gap in classes", "score {} {bad}/tens.png", "{bad}/tens.png", "map the values, such as 10=0,20=1 (--map"),
    ("map that is none", FIT_SO, "--map 255", "map is '255'; give each value once with its class, such as 255=1"),
    ("map with a value twice", FIT_SO, "--map 1=0,1=2", "map is '1=0,1=2'; give each value once"),
    ("map and what is empty", FIT_SO, "--map 0=255 --empty 0", "leave empty out and map 0=255"),
    ("map of two to one", FIT_SO, "--map 1=0", "holds the value 0, which the map does not name, and it makes 1 to 0"),
    ("map of a result", f"score {{files}}/result.zarr {TRUTH} {{}}", "--prediction-map 1=0", "is for label images"),
    ("axes of a result", f"score {{files}}/result.zarr {TRUTH} {{}}", "--prediction-axes yx", "is for label images"),
    ("one class", FIT_WITH, "{bad}/plain.png", "class 0 is the only one annotated"),
    ("one class of shapes", FIT_WITH, "{bad}/drawn.geojson", "class 'a' is the only one annotated; draw some shapes"),
    ("one class of shapes", f"fit --model forest {IMAGE} {{}} -o {{out}}/m", "{bad}/drawn.geojson", "class 'a' is the"),
    ("no annotated pixel", FIT_WITH, "{bad}/blank.png", "no pixel is annotated; annotate some pixels of at least two"),
    ("no annotated pixel", SCORE_WITH, "{bad}/blank.png", "annotates no pixel with a class from 0 to 1"),
    ("value beyond the names", FIT_WITH, "{bad}/high.png --classes a,b", "holds the value 7; with 2 classes it"),
    ("value beyond the names", SCORE_WITH, "{bad}/high.png", "holds the value 7; with 2 classes it must be"),
    ("negative value", FIT_WITH, "{bad}/negative.npy --classes a,b", "holds the value -1; with 2 classes it must be"),
    ("names twice", FIT_SO, "--classes a,a", "classes are a, a; give 1 to 255 different names"),
    ("empty name", FIT_SO, "--classes a,,b", "classes are a, , b; give 1 to 255 different names, none of them empty"),
    ("one name", FIT_SO, "--classes a", "holds the value 1; with 1 classes"),
    ("mask of another shape", FIT_SO, "--mask {bad}/small.png", "the mask has (90, 96) pixels and its image (96, 96)"),
    ("other channels", PREDICT, "{files}/colour.png", "the image has 3 channels and the model was fitted on 1"),
    ("other channels", f"plan -m {MODEL} {{}}", "{files}/colour.png", "has 3 channels and the model was fitted on 1"),
    ("missing model", PREDICT_BY, "{out}/none.safetensors", "there is no model at"),
    ("PNG for a model", PREDICT_BY, IMAGE, "is no whole safetensors file"),
    ("pickle for a model", PREDICT_BY, "{bad}/pickle.safetensors", "is no whole safetensors file"),
    ("model cut short", PREDICT_BY, "{bad}/cut.safetensors", "is no whole safetensors file"),
    ("foreign weights", PREDICT_BY, "{bad}/foreign.safetensors", "was not written by terrazzo"),
    ("newer model", PREDICT_BY, "{bad}/newer.safetensors", "was written by terrazzo 42.0 in format 99; this version"),
    ("edited colour", PREDICT_BY, "{bad}/colour.safetensors", "was changed after it was written; fit the model again"),
    ("edited weight", PREDICT_BY, "{bad}/weight.safetensors", "was changed after it was written; fit the model again"),
    ("edited model", "info {}", "{bad}/colour.safetensors", "was changed after it was written; fit the model again"),
    ("output exists", f"fit {IMAGE} {TRUTH} -o {{}}", MODEL, "exists; choose another path or add --overwrite"),
    ("output exists", f"predict {IMAGE} -m {MODEL} -o {{}}", "{bad}/folder", "exists; choose another path"),
    ("output is no result", f"predict {IMAGE} -m {MODEL} --overwrite -o {{}}", "{bad}/folder", "is no result of"),
    ("output in use", "demo -o {}", "{bad}/folder", "holds something else than a demo"),
    ("output is input", f"predict {{bad}}/image.zarr -m {MODEL} --overwrite -o {{}}", "{bad}/image.zarr",
     "is what it would be made from"),
    ("ending of another format", f"predict {IMAGE} -m {MODEL} -o {{}}", "{out}/r.tif", "; write to '{out}/r.zarr'"),
    ("ending of another format", f"predict {{files}}/images -m {MODEL} -o {{}}", "{out}/r.zarr", "write to '{out}/r'"),
    ("ending of another format", f"fit {IMAGE} {TRUTH} -o {{}}", "{out}/m.pt", "and a model is a safetensors file"),
    ("ending of another format", "polygons {files}/result.zarr -o {}", "{out}/p.csv", "and polygons are GeoJSON"),
    ("ending of another format", "compare {files}/images {files}/annotations -o {}", "{out}/r.html",
     "ends in .html, for HTML, and a report is a folder; write to '{out}/r'"),
    ("ending of another format", "demo -o {}", "{out}/d.png", "ends in .png, for PNG, and a demo is a folder"),
    ("output in input", f"fit {{bad}}/image.zarr {TRUTH} {QUICK} -o {{}}", "{bad}/image.zarr/m", "inside its own"),
    ("output in input", f"predict {{bad}}/image.zarr -m {MODEL} -o {{}}", "{bad}/image.zarr/r.zarr", "inside its own"),
    ("output in input", f"predict {{files}}/images -m {MODEL} -o {{}}", "{files}/images", "is the folder of the"),
    ("input in output", "predict {}/labels/superpixels --overwrite -m " + MODEL + " -o {files}/result.zarr",
     "{files}/result.zarr", "holds its own input"),
    ("unwritable output", f"fit {IMAGE} {TRUTH} {QUICK} -o {{}}", "/proc/m.safetensors", "cannot be written to"),
    ("unwritable output", f"predict {IMAGE} -m {MODEL} -o {{}} --workers 1", "/proc/r.zarr", "cannot be written to"),
    ("unwritable output", "demo -o {}", "/proc/demo", "No such file or directory"),
    ("scratch that is none", FIT_SO, "--streaming --scratch {out}/none", "choose another scratch folder"),
    ("unknown device", FIT_SO, "--device gpu", "there is no device 'gpu'; use 'auto', 'cpu', 'cuda'"),
    ("unknown device", PREDICT_SO, "--device tpu", "there is no device 'tpu'; use 'auto', 'cpu', 'cuda'"),
    ("no workers", PREDICT_SO, "--workers 0", "workers is 0; it must be at least 1"),
    ("no workers", f"score {{files}}/result.zarr {TRUTH} {{}}", "--workers 0", "workers is 0; it must be at least 1"),
    ("no scheduler", PREDICT_SO, "--scheduler tcp://127.0.0.1:9", "no Dask scheduler answers at 'tcp://127.0.0.1:9'"),
    ("no scheduler", f"score {{files}}/result.zarr {TRUTH} {{}}", "--scheduler tcp://127.0.0.1:9", "no Dask scheduler"),
    ("no scheduler file", PREDICT_SO, "--scheduler-file {out}/none.json", "is no scheduler file (No such file"),
    ("memory that is none", PREDICT_SO, "--memory-limit lots", "memory_limit is 'lots'; give a positive number"),
    ("memory below a worker", PREDICT_SO, "--memory-limit 100MiB", "memory_limit is 100 MiB and a worker takes up to"),
    ("memory below a block", PREDICT_SO, "--workers 1 --memory-limit 800MiB", "may hold 640 MiB, what Dask does not"),
    ("another block", f"predict {IMAGE} -m {MODEL} -o {{}} --block 64", "{files}/result.zarr", "was not made from"),
    ("shards and blocks", f"score {{}} {TRUTH}", "{bad}/shards.zarr", "of which the blocks of (32, 32) are no whole"),
    ("damaged result", f"score {{}} {TRUTH}", "{bad}/damaged.zarr", "is damaged"),
    ("unfinished result", f"score {{}} {TRUTH}", "{bad}/unfinished.zarr", "is not finished; run the same terrazzo"),
    ("GeoJSON that is none", FIT_WITH, "{bad}/broken.geojson", "is no JSON"),
    ("GeoJSON that is none", SCORE_WITH, "{bad}/topology.geojson", "is JSON without shapes of an image"),
    ("crossed polygon", FIT_WITH, "{bad}/crossed.geojson", "shape 1 ('a') crosses itself near x 20, y 20; draw it"),
    ("crossed polygon", SCORE_WITH, "{bad}/crossed.geojson", "shape 1 ('a') crosses itself near x 20, y 20; draw it"),
    ("shape outside", FIT_WITH, "{bad}/outside.geojson", "shape 1 ('a') lies outside the image, at x 200 to 240"),
    ("shape outside", f"fit --model unet {IMAGE} {{}} -o {{out}}/m", "{bad}/outside.geojson", "lies outside the image"),
    ("shapes without classes", FIT_WITH, "{bad}/unclassed.geojson", "has shapes without classes; set its class"),
    ("one of the shapes' classes", FIT_WITH, "{bad}/drawn.geojson --classes b,c", "is of none of the classes b, c"),
    ("labels of another shape", "score {files}/annotations/a.png {}", "{bad}/small.png", "(90, 96) pixels"),
    ("labels into a PNG", PREDICT_SO, "--into", "is no OME-Zarr image, so labels cannot be written into it"),
    ("ensemble of one", "ensemble {} -o {out}/m", "{bad}/unet.safetensors", "an ensemble has 1 model; give at least"),
    ("two classes and three", ENSEMBLE, "{bad}/unet.safetensors", "model 2 of the ensemble has the classes"),
    ("most of all", ENSEMBLE + " --most 2", MODEL, "--most is for choosing; give --images and --annotations"),
    ("images without truth", f"{ENSEMBLE} --images {IMAGE}", MODEL, "give --images and --annotations both, or neither"),
    ("U-Net without channels", FIT_UNET, "--base 0", "base of a U-Net is 0; it must be a whole number of at least 1"),
    ("U-Net without depth", FIT_UNET, "--depth -1", "depth of a U-Net is -1; it must be a whole number"),
    ("U-Net dropout", FIT_UNET, "--dropout 1", "dropout of a U-Net is 1.0; it must be at least 0 and below 1"),
    ("U-Net patch", FIT_UNET, "--patch 30", "patch is 30; it must be a positive multiple of the network's stride"),
    ("U-Net batch", FIT_UNET, "--batch 0", "batch is 0; it must be at least 1"),
    ("U-Net epochs", FIT_UNET, "--epochs 0", "epochs is 0 and patience 40; both must be at least 1"),
    ("U-Net seconds", FIT_UNET, "--seconds 0", "seconds is 0.0; it must be above 0"),
    ("U-Net validation", FIT_UNET, "--validation 2", "validation is 2.0; it must be a share above 0 and below 1"),
    ("U-Net names twice", FIT_UNET, "--classes a,a", "classes are a, a; give 1 to 255 different names"),
    ("U-Net without images", f"fit --model unet {{}} {TRUTH} -o {{out}}/m", "{out}/none.png", "There is no file"),
    ("method that is none", COMPARE, "--methods cnn", "there is no method 'cnn'"),
    ("method twice", COMPARE, "--methods lattice,lattice", "name at least one, each once"),
    ("split that is none", COMPARE, "--split slide", "split is 'slide'; it must be 'image', 'group' or 'region'"),
    ("split without groups", COMPARE, "--split group", "groups and split='group' go together"),
    ("folds", COMPARE, "--folds 0", "folds is 0; give 1 for one split, or how many times to split"),
    ("too few images", COMPARE, "--folds 1", "2 annotated images are too few for a training, a validation and a test"),
    ("gap", COMPARE, "--gap -1", "gap is -1; it must be at least 0"),
    ("seconds", COMPARE, "--seconds 0", "seconds is 0.0; it must be above 0"),
    ("sizes", COMPARE, "--sizes 8,x", "sizes is '8,x'; give whole numbers"),
    ("size of zero", COMPARE, "--sizes 0", "sizes are [0]; each must be at least 2 pixels"),
    ("negative side", COMPARE, "--sides -5", "sides are [-5]; each must be at least 1 pixels"),
    ("setting that is none", COMPARE, "--setting size=8", "write it as method.name=value"),
    ("setting of another", COMPARE, "--methods forest --setting unet.base=8", "there are settings for 'unet'"),
    ("report that exists", "compare {files}/images {files}/annotations -o {}", "{bad}/folder", "is no comparison"),
    ("unknown device", COMPARE, "--device tpu", "there is no device 'tpu'"),
    ("URL that is none", "info {}", "http://127.0.0.1:9/a.zarr", "see that the address is right and its server"),
    ("URL that is none", PREDICT, "memory://none.zarr", "There is no Zarr store at 'memory://none.zarr'"),
    ("URL of no kind", PREDICT, "nowhere://a.zarr", "Protocol not known: nowhere; see that the address"),
    ("URL of a file", "plan {}", "http://127.0.0.1:9/a.png", "only Zarr stores are read from there"),
    ("stack without axes", PREDICT, "{files}/images/*.png --stack", "does not say what its 3 axes"),
    ("stack without axes", f"fit {{}} {{files}}/annotations/*.png --stack -o {{out}}/m {QUICK}", "{files}/images/*.png",
     "does not say what its 3 axes"),
    ("PNG that holds too little", "info {}", "{bad}/hollow.png", "is damaged"),
    ("NPY that holds too little", PREDICT, "{bad}/hollow.npy", "is cut short"),
    ("no command", "{}", "segment", "No such command 'segment'"),
    ("no option", "info --height 3 {}", IMAGE, "No such option: --height"),
]  # fmt: skip


@pytest.fixture(scope="module")
def bad(files, predicted, tmp_path_factory):
    """A folder of files with something wrong."""
    assert predicted.returncode == 0, predicted.stderr
    folder = tmp_path_factory.mktemp("bad")
    _write_images(folder)
    _write_annotations(folder)
    _write_drawings(folder)
    _write_models(folder, files / "model.safetensors")
    for name in ("shards.zarr", "damaged.zarr", "unfinished.zarr"):
        shutil.copytree(files / "result.zarr", folder / name)
    stored = {"chunks": (8, 8), "shards": (24, 24)}
    zarr.create_array(folder / "shards.zarr" / "labels" / "classes" / "0", shape=(96, 96), dtype="uint8",
                      overwrite=True, **stored)  # fmt: skip
    (folder / "damaged.zarr" / "run.json").write_text("{}")
    run = json.loads((folder / "unfinished.zarr" / "run.json").read_text())
    (folder / "unfinished.zarr" / "run.json").write_text(json.dumps(run | {"finished": False}))
    return folder


def _write_images(folder):
    image, _ = striped()
    not_finite = image.astype(np.float32)
    not_finite[70, 80] = np.nan
    np.save(folder / "nan.npy", not_finite)
    not_finite[70, 80], not_finite[5, 90] = 0, np.inf
    np.save(folder / "infinite.npy", not_finite)
    np.save(folder / "complex.npy", image.astype(np.complex64))
    np.save(folder / "object.npy", image.astype(object), allow_pickle=True)
    np.save(folder / "text.npy", np.full((9, 9), "dark"))
    np.save(folder / "five.npy", image[None, None, None])
    np.save(folder / "nothing.npy", np.zeros((0, 5)))
    (folder / "hollow.npy").write_bytes((folder / "text.npy").read_bytes()[:-9])
    imageio.imwrite(folder / "hollow.png", image)
    content = bytearray((folder / "hollow.png").read_bytes())
    content[16:24] = struct.pack(">II", 60_000, 60_000)
    content[29:33] = struct.pack(">I", zlib.crc32(content[12:29]))
    (folder / "hollow.png").write_bytes(content)
    (folder / "empty.png").touch()
    (folder / "notes.txt").write_text("an image is worth a thousand words")
    (folder / "folder").mkdir()
    (folder / "folder" / "notes.txt").touch()
    tifffile.imwrite(folder / "whole.tif", image, compression="zlib", rowsperstrip=8)
    (folder / "cut.tif").write_bytes((folder / "whole.tif").read_bytes()[:-2000])
    tz.write_ome_zarr(folder / "image.zarr", image, axes="yx")
    (folder / "other").mkdir()
    for name in ("c.png", "d.png"):
        imageio.imwrite(folder / "other" / name, image)


def _write_annotations(folder):
    for name, value in (("plain", 0), ("blank", 255), ("high", 7)):
        imageio.imwrite(folder / f"{name}.png", np.full((96, 96), value, np.uint8))
    imageio.imwrite(folder / "small.png", np.zeros((90, 96), np.uint8))
    half = np.arange(96) < 48
    for name, values in (("mask", (255, 0)), ("tens", (10, 20))):
        imageio.imwrite(folder / f"{name}.png", np.where(half, *values).astype(np.uint8) * np.ones((96, 1), np.uint8))
    np.save(folder / "negative.npy", np.full((96, 96), -1, np.int16))


def _write_drawings(folder):
    (folder / "broken.geojson").write_text('{"type": "FeatureCollection", "features": [')
    (folder / "topology.geojson").write_text('{"type": "Topology"}')
    crossed = [[10, 10], [30, 30], [30, 10], [10, 30], [10, 10]]
    write_features(folder / "crossed.geojson", [feature([crossed], "a")])
    write_features(folder / "outside.geojson", [feature([rectangle(200, 0, 240, 9)], "a")])
    write_features(folder / "unclassed.geojson", [feature([rectangle(0, 0, 40, 9)])])
    write_features(folder / "drawn.geojson", [feature([rectangle(0, 0, 40, 9)], "a")])


def _write_models(folder, model):
    tz.write_model(random_unet(classes=2), folder / "unet.safetensors")
    with safe_open(model, framework="numpy") as file:
        header, tensors = json.loads(file.metadata()["terrazzo"]), {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    for name, edit in (("newer", {"format": 99, "version": "42.0"}), ("colour", {"colours": ["#000000", "#ffffff"]})):
        save_file(tensors, folder / f"{name}.safetensors", metadata={"terrazzo": json.dumps(header | edit)})
    save_file(tensors, folder / "foreign.safetensors")
    content = bytearray(model.read_bytes())
    (folder / "cut.safetensors").write_bytes(content[: len(content) // 2])
    content[-9] ^= 1
    (folder / "weight.safetensors").write_bytes(content)
    (folder / "pickle.safetensors").write_bytes(pickle.dumps({"weights": [1.0]}))


def everything_in(*folders):
    """Return when each file of some folders was last written."""
    return {path: path.stat().st_mtime_ns for folder in folders for path in folder.rglob("*") if path.is_file()}


def check_one_sentence(said):
    assert "\n" not in said
    assert len(said) < 600
    assert not re.search(r"[a-z')][.!?] [A-Z]", said.removesuffix("(terrazzo --help says what there is)"))


@pytest.mark.parametrize(
    ("command", "what", "sentence"),
    [pytest.param(*row[1:], id=f"{row[0]}-{row[1].split()[0]}") for row in MISTAKES],
)
def test_a_mistake_ends_in_one_sentence_and_writes_nothing(
    files, bad, mistake, tmp_path, monkeypatch, command, what, sentence
):
    monkeypatch.setattr(cluster, "CONNECT_SECONDS", 1)
    places = {"files": files, "bad": bad, "out": tmp_path}
    before = everything_in(files, bad, tmp_path)
    said = mistake(*[word.format(**places) for word in command.replace("{}", what, 1).split()])
    check_one_sentence(said)
    assert sentence.replace("{out}", str(tmp_path)) in said
    assert everything_in(files, bad, tmp_path) == before


@pytest.mark.skipif(torch.cuda.is_available(), reason="CUDA is there")
@pytest.mark.parametrize("command", [FIT_SO, PREDICT_SO])
def test_cuda_that_is_not_there_is_a_mistake(files, bad, mistake, tmp_path, command):
    words = command.replace("{}", "--device cuda").format(files=files, bad=bad, out=tmp_path).split()
    said = mistake(*words)
    check_one_sentence(said)
    assert re.search(r"device 'cuda' was asked for, but torch .*; use 'cpu'", said)
    assert list(tmp_path.iterdir()) == []


def test_a_mistake_that_a_worker_finds_shows_no_traceback_either(files, bad, run_apart, mistake, tmp_path):
    words = PREDICT.replace("{}", "{bad}/infinite.npy", 1).format(files=files, bad=bad, out=tmp_path).split()
    ended = run_apart(*words)
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert "Traceback" not in ended.stderr
    said = ended.stderr.splitlines()[-1]
    check_one_sentence(said)
    assert said.startswith(f"Error: '{bad}/infinite.npy': the image is inf in channel 0 at pixel (y, x) = (5, 90); ")
    # it was begun, and says that it is not finished
    assert "is not finished" in mistake("score", tmp_path / "r.zarr", TRUTH.format(files=files))


@pytest.mark.parametrize("command", ["info {bad}/colour.safetensors", "fit {files}/images {bad}/other -o {out}/m"])
def test_in_a_process_of_its_own_a_mistake_is_one_line_and_debug_shows_the_traceback(
    files, bad, run_apart, tmp_path, command
):
    words = command.format(files=files, bad=bad, out=tmp_path).split()
    plain, debugged = run_apart(*words), run_apart("--debug", *words)
    assert plain.returncode == 2
    assert plain.stdout == ""
    assert plain.stderr.startswith("Error: ")
    assert plain.stderr.count("\n") == 1
    assert debugged.stderr.startswith("Traceback")
    assert plain.stderr.removeprefix("Error: ").strip() in debugged.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "command", [FIT_SO.replace("{}", "--overwrite"), PREDICT_SO.replace("{}", "--workers 1")], ids=["fit", "predict"]
)
def test_a_full_disk_ends_in_one_sentence_and_leaves_nothing(files, predicted, mistake, tmp_path, command):
    assert predicted.returncode == 0, predicted.stderr
    words = command.format(files=files, out=tmp_path).split()
    start_loading()  # workers are none of those that find no room
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    # no file may grow larger: to the program it is a disk without room
    resource.setrlimit(resource.RLIMIT_FSIZE, (500, hard))
    try:
        said = mistake(*words)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "cannot be written to" in said
    assert list(tmp_path.iterdir()) == []


def test_without_dgl_it_predicts_on_plain_torch_and_says_so_in_one_line(files, tmp_path):
    (tmp_path / "dgl.py").write_text("raise ImportError('no DGL here')")
    path = os.pathsep.join(filter(None, (str(tmp_path), os.environ.get("PYTHONPATH"))))
    model, image = untrained_model(), tz.open_image(files / "images" / "a.png")
    tz.write_model(model, tmp_path / "m.safetensors")
    words = (
        f"predict {files}/images/a.png -m {tmp_path}/m.safetensors -o {tmp_path}/r.zarr --workers 1 --block 32".split()
    )
    run = [sys.executable, "-m", "terrazzo", *words]
    ended = subprocess.run(run, capture_output=True, text=True, check=False, env=os.environ | {"PYTHONPATH": path})
    assert ended.returncode == 0, ended.stderr
    assert ended.stderr.count("DGL cannot be imported (no DGL here); messages are passed in plain torch") == 1
    expected = tz.write_prediction(model, image, tmp_path / "with DGL.zarr", block=32)
    found, everything = tz.open_result(tmp_path / "r.zarr"), (slice(None), slice(None))
    assert np.array_equal(found.read_classes(everything), expected.read_classes(everything))


def test_an_image_smaller_than_one_superpixel_is_no_mistake(files, tmp_path):
    imageio.imwrite(tmp_path / "tiny.png", np.array([[3, 9, 4], [2, 8, 5]], np.uint8))
    model, image = tz.open_model(files / "model.safetensors"), tz.open_image(tmp_path / "tiny.png")
    assert tz.write_prediction(model, image, tmp_path / "r.zarr").run["figures"]["superpixels"] == 1


def test_blocks_that_their_halo_dwarfs_are_no_mistake_and_one_line_says_what_they_cost(run, tmp_path, caplog):
    for name, pixels in zip(("image", "truth"), striped(128), strict=True):
        imageio.imwrite(tmp_path / f"{name}.png", pixels)
    command = f"fit {tmp_path}/image.png {tmp_path}/truth.png --block 32 -o {tmp_path}/m.safetensors {QUICK}"
    ended = run(*command.split())
    assert ended.code == 0, ended.err
    assert len(re.findall(r"blocks of 32 x 32 pixels read the image 16 times, because", caplog.text)) == 1
