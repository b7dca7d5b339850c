"""Where output may not go: onto what is there, what it is made from, into it or around it; under a wrong ending."""

from __future__ import annotations

import os
from pathlib import Path

from terrazzo.arguments import AN_OUTPUTS_PATH, require
from terrazzo.errors import InputError

# What endings say, of the formats that people may expect something to be written in.
FORMATS = {
    **dict.fromkeys((".tif", ".tiff", ".btf", ".tf8", ".svs", ".ndpi", ".scn"), "TIFF"),
    ".png": "PNG",
    **dict.fromkeys((".jpg", ".jpeg"), "JPEG"),
    **dict.fromkeys((".npy", ".npz"), "NumPy"),
    **dict.fromkeys((".h5", ".hdf5", ".hdf"), "HDF5"),
    ".zarr": "Zarr",
    ".n5": "N5",
    ".csv": "CSV",
    ".json": "JSON",
    ".geojson": "GeoJSON",
    ".parquet": "Parquet",
    ".safetensors": "safetensors",
    **dict.fromkeys((".pt", ".pth", ".ckpt"), "PyTorch"),
    **dict.fromkeys((".pkl", ".pickle", ".joblib"), "pickle"),
    ".onnx": "ONNX",
    ".mat": "MATLAB",
    ".nii": "NIfTI",
    ".nrrd": "NRRD",
    **dict.fromkeys((".html", ".htm"), "HTML"),
    ".pdf": "PDF",
    ".svg": "SVG",
    **dict.fromkeys((".zip", ".gz"), "compressed files"),
    ".czi": "CZI",
    ".nd2": "ND2",
    ".lif": "LIF",
}

# What is written, in words, and the endings of its own format, the usual one first.
OUTPUTS: dict[str, tuple[str, tuple[str, ...]]] = {
    "image": ("an OME-Zarr image is a directory", (".zarr",)),
    "result": ("a result is a Zarr directory", (".zarr",)),
    "results": ("the results of several images are Zarr directories in a folder", ()),
    "model": ("a model is a safetensors file", (".safetensors",)),
    "polygons": ("polygons are GeoJSON", (".geojson", ".json")),
    "tiff": ("classes are a TIFF", (".tif", ".tiff")),
    "table": ("measurements are CSV or Parquet", (".csv", ".parquet")),
    "report": ("a report is a folder", ()),
    "study": ("a study is a folder", ()),
    "demo": ("a demo is a folder", ()),
    "page": ("a page is a folder", ()),
}


def check_ending(path: str | os.PathLike[str], output: str) -> None:
    """Raise an InputError if the ending of a path names another format than that of one of `OUTPUTS`, its key.

    Raise a ParameterError if it is no path.
    """
    require(path, (str, os.PathLike), *AN_OUTPUTS_PATH)
    what, allowed = OUTPUTS[output]
    target = Path(path)
    ending = target.suffix.lower()
    if ending in FORMATS and ending not in allowed:
        stem = target.stem.removesuffix(".ome")
        name = stem if Path(stem).suffix.lower() in allowed else stem + "".join(allowed[:1])
        advised = target.with_name(name)
        raise InputError(f"'{path}' ends in {ending}, for {FORMATS[ending]}, and {what}; write to '{advised}'")


def check_absent(path: str | Path, overwrite: bool) -> None:
    """Raise an InputError if something is at `path` that may not be overwritten."""
    if Path(path).exists() and not overwrite:
        raise InputError(f"'{path}' exists; choose another path or add --overwrite")


def check_model_path(path: str | Path, overwrite: bool) -> None:
    """Raise an InputError, before a fit that may take hours, if its model could not be written to `path` in the end."""
    check_ending(path, "model")
    target = Path(path).absolute()
    if target.is_dir():  # which no --overwrite would replace
        raise InputError(f"'{path}' is a folder; name a file in it")
    check_absent(path, overwrite)
    folder = next(parent for parent in target.parents if parent.exists())
    if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
        raise InputError(f"nothing can be written in '{folder}'; choose another path")


def check_file_free(path: Path, overwrite: bool, result: str) -> None:
    """Raise an InputError if a file may not be written to `path`: a folder or what must stay, or inside a result."""
    if path.is_dir():
        raise InputError(f"'{path}' is a folder; name a file in it")
    if path.resolve().is_relative_to(result):
        raise InputError(f"'{path}' is inside the result '{result}'; choose another path")
    check_absent(path, overwrite)


def check_output(output: str | Path, *inputs: str | Path) -> None:
    """Raise an InputError if writing to `output` would change one of the inputs, links followed."""
    target = Path(output).resolve()
    for given in inputs:
        source = Path(given).resolve()
        if target == source:
            raise InputError(f"the output '{output}' is what it would be made from; choose another path")
        if source in target.parents:
            raise InputError(f"the output '{output}' is inside its own input, '{given}'; choose a path outside")
        if target in source.parents:
            raise InputError(f"the output '{output}' holds its own input, '{given}'; choose a path beside it")
