from types import SimpleNamespace

import imageio.v3 as imageio
import numpy as np
import pytest
from forked import exit_code_apart
from textures import NAMES, striped

from terrazzo.cli import main


@pytest.fixture(scope="session")
def run_apart(tmp_path_factory):
    """Run a command line in a process of its own, forked, which loads nothing anew."""

    def run_apart(*arguments):
        printed = tmp_path_factory.mktemp("printed")
        out, err = printed / "out", printed / "err"
        code = exit_code_apart(main, list(map(str, arguments)), log=out, errors=err)
        return SimpleNamespace(returncode=code, stdout=out.read_text(), stderr=err.read_text())

    return run_apart


@pytest.fixture
def run(capsys):
    """Run a command line in this process; return its exit code and what it printed."""

    def run(*arguments):
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            main([str(argument) for argument in arguments])
        printed = capsys.readouterr()
        return SimpleNamespace(code=left.value.code, out=printed.out, err=printed.err)

    return run


@pytest.fixture
def mistake(run):
    """Run a command line that is a user's mistake; return the one sentence that it ends with."""

    def mistake(*arguments):
        ended = run(*arguments)
        assert ended.code == 2
        assert ended.out == ""
        assert "Traceback" not in ended.err
        lines = [line for line in ended.err.splitlines() if line.strip()]
        assert [line for line in lines if line.startswith("Error: ")] == lines[-1:]
        return lines[-1].removeprefix("Error: ")

    return mistake


@pytest.fixture(scope="session")
def files(tmp_path_factory):
    """A folder with images, annotations and a model; what a test writes goes elsewhere."""
    folder = tmp_path_factory.mktemp("files")
    for seed, stem in enumerate(("a", "b")):
        image, classes = striped(seed=seed)
        for what, array in (("images", image), ("annotations", classes)):
            (folder / what).mkdir(exist_ok=True)
            imageio.imwrite(folder / what / f"{stem}.png", array)
    imageio.imwrite(folder / "colour.png", np.zeros((96, 96, 3), np.uint8))
    arguments = ["fit", folder / "images", folder / "annotations", "-o", folder / "model.safetensors"]
    arguments += ["--classes", ", ".join(NAMES), "--size", 8, "--width", 16, "--steps", 100]
    with pytest.raises(SystemExit) as left:
        main([str(argument) for argument in arguments])
    assert left.value.code == 0
    return folder


@pytest.fixture(scope="session")
def predicted(files, run_apart):
    """The same folder with a result, written by another process; what it printed."""
    arguments = ["predict", files / "images" / "a.png", "-m", files / "model.safetensors", "--json"]
    arguments += ["-o", files / "result.zarr", "--workers", 1, "--block", 32]
    return run_apart(*arguments)
