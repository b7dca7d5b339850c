"""Opens files whose headers were mutated, one after the other, and says on standard output how each of them ended.

To see one case again: python tests/fuzzed_headers.py tiff SEED FIRST 1
"""

import faulthandler
import json
import re
import resource
import shutil
import sys
import tempfile
import traceback
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

import numpy as np
import tifffile
import zarr
from forests import random_forest
from fuzzed_geojson import make_geojsons, mutate_geojson, read_geojson
from mutations import mutated_bytes, mutated_json, mutated_tiff
from segmented import FEATURES
from unets import random_unet

import terrazzo as tz
from terrazzo.errors import TerrazzoError
from terrazzo.io.describe import describe
from terrazzo.io.images.content_stamp import content_stamp
from terrazzo.io.images.decoding import decoding
from terrazzo.models.gnn.model import unfitted_model
from terrazzo.models.gnn.undirected import GNN, EdgeScaling, GNNConfig

SECONDS = 600  # after which a case hangs: on a quiet machine the longest takes a hundredth
ROOM = 3 * 2**30  # bytes of address space that cases may add: a mistake here must not fill the machine
ZARR_METADATA = ("zarr.json", ".zarray", ".zattrs", ".zgroup")
FORMAT_1 = Path(__file__).with_name("data") / "model_of_format_1.safetensors"
PIXELS = np.random.default_rng(0).integers(0, 255, (3, 40, 48), dtype=np.uint8)


def make_zarrs(folder):
    tz.write_ome_zarr(folder / "a.zarr", PIXELS, pixel_size=(0.5, 0.25), channel_names=["r", "g", "b"], chunks=(16, 20))
    zarr.create_array(folder / "b.zarr", data=PIXELS[0], chunks=(8, 8), shards=(16, 16), dimension_names=("y", "x"))
    zarr.create_array(folder / "c.zarr", data=PIXELS[0].astype(np.float32), chunks=(16, 16), zarr_format=2)
    axes = [{"name": name, "type": "space", "unit": "nanometer"} for name in "zyx"]
    scale = {"coordinateTransformations": [{"type": "scale", "scale": [4.0, 1.0, 1.0]}]}
    levels = {"multiscales": [{"version": "0.4", "axes": axes, "datasets": [{"path": "0"} | scale]}]}
    group = zarr.create_group(folder / "d.zarr", zarr_format=2, attributes=levels)
    group.create_array("0", data=PIXELS, chunks=(1, 32, 32))


def mutate_zarr(store, random):
    file = random.choice(sorted(path for path in store.rglob("*") if path.name in ZARR_METADATA))
    if random.random() < 0.8:
        file.write_text(mutated_json(file.read_text(), random))
    else:
        file.write_bytes(mutated_bytes(file.read_bytes(), random))


def make_tiffs(folder):
    tifffile.imwrite(folder / "strips.tif", PIXELS[0], rowsperstrip=8)
    tifffile.imwrite(folder / "packed.tif", PIXELS[0], rowsperstrip=8, compression="zlib", predictor=True)
    tifffile.imwrite(folder / "whole.tif", PIXELS[0], compression="lzw")
    tifffile.imwrite(folder / "colour.tif", np.moveaxis(PIXELS, 0, -1), tile=(16, 16), photometric="rgb")
    tifffile.imwrite(
        folder / "big.tif", PIXELS.astype(np.uint16), bigtiff=True, photometric="minisblack", metadata={"axes": "CYX"}
    )
    metadata = {"axes": "CYX", "PhysicalSizeX": 0.5, "PhysicalSizeY": 0.5, "Channel": {"Name": ["a", "b", "c"]}}
    tifffile.imwrite(folder / "volume.ome.tif", PIXELS, metadata=metadata, photometric="minisblack")
    tifffile.imwrite(folder / "stack.tif", PIXELS, imagej=True, metadata={"axes": "ZYX", "spacing": 2, "unit": "um"})
    with tifffile.TiffWriter(folder / "pyramid.tif") as writer:
        writer.write(PIXELS[0], subifds=1, tile=(16, 16), compression="zlib", resolution=(1e4, 1e4), resolutionunit=3)
        writer.write(PIXELS[0, ::2, ::2], subfiletype=1, tile=(16, 16), compression="zlib")


def mutate_tiff(file, random):
    file.write_bytes(mutated_tiff(file.read_bytes(), random))


def read_image(path):
    """Read what an image says that it has, in part where that is much."""
    image = tz.open_image(path)
    assert describe(path)["kind"] == "image"
    ends = [[slice(0, min(n, 16)) for n in image.shape], [slice(max(0, n - 3), n) for n in image.shape]]
    for window in ends:
        part = image.stored[tuple(window)]
        assert part.dtype == image.dtype
        assert part.shape == tuple(along.stop - along.start for along in window)
    decoding(image.stored)
    content_stamp(image.stored)
    if np.prod(image.shape, dtype=float) < 2**20:
        whole = image.data.compute(scheduler="synchronous")
        assert np.array_equal(whole[tuple(ends[1])], part, equal_nan=part.dtype.kind == "f")


def make_models(folder):
    recipe = tz.Recipe(2, features=FEATURES)
    columns = len(recipe.node_columns), len(recipe.edge_columns)
    for aggregation in ("mean", "attention"):
        network = GNN(GNNConfig(*columns, 3, width=8, layers=2, aggregation=aggregation)).eval()
        own, none = unfitted_model(recipe, 3).scaling, np.zeros(columns[1], np.float32)
        scaling = EdgeScaling(own.node_mean, own.node_std, none, none + 1)
        known = replace(
            unfitted_model(recipe, 3), network=network, scaling=scaling, pixel_size=(0.5, 0.25), fitted={"epochs": 7.0}
        )
        tz.write_model(known, folder / f"{aggregation}.safetensors")
    tz.write_model(unfitted_model(recipe, 3), folder / "gnn.safetensors")
    tz.write_model(random_forest(2), folder / "forest.safetensors")
    tz.write_model(tz.Ensemble((random_unet(2), random_forest(2))), folder / "ensemble.safetensors")
    tz.write_model(random_unet(2), folder / "unet.safetensors")
    shutil.copy(FORMAT_1, folder)


def mutate_model(file, random):
    content = file.read_bytes()
    length = int.from_bytes(content[:8], "little")
    header, weights = content[8 : 8 + length], content[8 + length :]
    how = random.random()
    if how < 0.2:
        header, said = mutated_bytes(header, random), length
    elif how < 0.3:
        said = random.choice((0, 1, length - 1, length + 1, len(content), 2**31, 2**40, 2**63, 2**64 - 1))
    elif how < 0.5:
        header = mutated_json(header, random).encode()
        said = len(header)
    else:
        document = json.loads(header)
        document["__metadata__"]["terrazzo"] = mutated_json(document["__metadata__"]["terrazzo"], random)
        header = json.dumps(document).encode()
        said = len(header)
    file.write_bytes(said.to_bytes(8, "little") + header + weights)


def read_model(path):
    """Read a model: what is sealed is as it was written or refused."""
    model, original = tz.open_model(path), tz.open_model(ORIGINALS / path.name)
    assert len(model.class_names) == len(model.colours)
    if isinstance(model, tz.Model):
        assert len(model.class_names) == model.network.config.classes
    if path.name != FORMAT_1.name:
        assert type(model) is type(original)
        for name in ("class_names", "colours", "pixel_size", "fitted", "channels", "axes"):
            assert getattr(model, name) == getattr(original, name)
        assert model.fingerprint() == original.fingerprint()


@dataclass(frozen=True)
class Format:
    """How originals are made, mutated in place and read."""

    make: Callable[[Path], None]
    mutate: Callable[[Path, Random], None]
    read: Callable[[Path], None]


FORMATS = {
    "zarr": Format(make_zarrs, mutate_zarr, read_image),
    "tiff": Format(make_tiffs, mutate_tiff, read_image),
    "model": Format(make_models, mutate_model, read_model),
    "geojson": Format(make_geojsons, mutate_geojson, read_geojson),
}
ORIGINALS = Path(tempfile.gettempdir())


def mutant_of(kind, seed, case, folder):
    """Write the mutant of a case and return where it is."""
    random = Random(f"{kind} {seed} {case}")
    original = random.choice(sorted(ORIGINALS.iterdir()))
    place = folder / original.name
    (shutil.copytree if original.is_dir() else shutil.copy)(original, place)
    FORMATS[kind].mutate(place, random)
    return place


def outcome(read, path):
    """Return how reading a file ended, and what was said."""
    try:
        read(path)
    except TerrazzoError as error:
        said = str(error)
        return ("error", said) if "\n" not in said and len(said) < 2000 else ("many lines", said)
    except BaseException:
        return "bug", traceback.format_exc()
    return "answer", ""


def peak_bytes():
    """Return the most memory that this program held; what getrusage tells begins with the process that started it."""
    status = Path("/proc/self/status").read_text()
    return 1024 * int(re.search(r"VmHWM:\s+(\d+) kB", status)[1])


def main(kind, seed, first, count):
    global ORIGINALS
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as root:
        ORIGINALS = Path(root) / "originals"
        ORIGINALS.mkdir()
        FORMATS[kind].make(ORIGINALS)
        for original in ORIGINALS.iterdir():
            FORMATS[kind].read(original)
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + ROOM,) * 2)
        for case in range(first, first + count):
            folder = Path(root) / str(case)
            folder.mkdir()
            mutant = mutant_of(kind, seed, case, folder)
            faulthandler.dump_traceback_later(SECONDS, exit=True)
            how, said = outcome(FORMATS[kind].read, mutant)
            faulthandler.cancel_dump_traceback_later()
            shutil.rmtree(folder)
            print(json.dumps({"case": case, "how": how, "said": said, "peak": peak_bytes()}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
