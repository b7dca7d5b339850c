"""The pages are true: their Python runs, their commands exist, they build without a warning."""

import importlib.util
import itertools
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
import torch
import typer.main
from forked import forked_stage, forking

import terrazzo as tz
from terrazzo.blocks import BlockGrid
from terrazzo.cli.app import app
from terrazzo.comparison import runner
from terrazzo.memory import CLIENT, WORKER, WORKER_WITH_TORCH, Reading
from terrazzo.models.gnn.classify_task import classify_task
from terrazzo.models.gnn.network import GraphConfig
from terrazzo.models.passes.segment_task import segment_task
from terrazzo.synthetic import CLASS_NAMES, colony_image

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
BUILDERS = ("sphinx", "myst_parser", "numpydoc", "furo")


def _name(value):
    return str(value.relative_to(ROOT)) if isinstance(value, Path) else " ".join(value)


def _blocks(page, *languages):
    """Each block of a page in one of the languages, with the number of its first line."""
    text = page.read_text()
    return [
        (1 + text[: found.start(2)].count("\n"), found[2]) for found in FENCE.finditer(text) if found[1] in languages
    ]


def _commands(page):
    blocks = _blocks(page, "sh", "bash", "console", "shell")
    lines = "\n".join(block for _, block in blocks).replace("\\\n", " ").splitlines()
    words = [shlex.split(line.removeprefix("$ "), comments=True) for line in lines]
    return [line for line in words if line and Path(line[0]).name == "terrazzo"]


# Fits that take a while on their pages; here a few steps have to do.
WHOLE_FITS = {
    "README.md": (
        '"annotation.ome.zarr")])',
        '"annotation.ome.zarr")], training=tz.LatticeTraining(steps=20))',
    ),
    "docs/tutorial.md": ("LatticeTraining(steps=150)", "LatticeTraining(steps=20)"),
    "docs/how-to/project.md": ("\nstudy.fit()\n", "\nstudy.fit(training=tz.LatticeTraining(steps=20))\n"),
}

WITH_PYTHON = [page for page in PAGES if _blocks(page, "python")]
COMMANDS = [(page, command) for page in PAGES for command in _commands(page)]


@pytest.fixture(scope="module", autouse=True)
def _one_torch_thread():
    """Threads that wait for each other on busy cores take several times as long."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module", autouse=True)
def _forked_workers():
    with forking():
        yield


@pytest.fixture(scope="module")
def files_of_the_pages(tmp_path_factory):
    """What pages take for granted: an image, its annotation and a model, small."""
    folder = tmp_path_factory.mktemp("pages")
    image, truth = (part.compute() for part in colony_image((512, 512), chunks=512, seed=3))
    annotation = truth.copy()
    annotation[:, 256:] = 255
    tz.write_ome_zarr(folder / "slide.ome.zarr", image, axes="yx", pixel_size=(0.65, 0.65))
    tz.write_ome_zarr(folder / "annotation.ome.zarr", annotation, axes="yx")
    network, training = tz.LatticeSettings(width=16, levels=2), tz.LatticeTraining(steps=60)
    model = tz.fit([image], [annotation], class_names=CLASS_NAMES, network=network, training=training)
    tz.write_model(model, folder / "model.safetensors")
    return folder


@pytest.mark.parametrize("page", WITH_PYTHON, ids=_name)
def test_the_python_of_a_page_runs_from_top_to_bottom(page, files_of_the_pages, tmp_path, monkeypatch):
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    if page.name != "tutorial.md":  # it makes its own
        shutil.copytree(files_of_the_pages, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(runner, "_run", forked_stage)
    namespace = {"__name__": "__main__"}
    whole, few = WHOLE_FITS.get(_name(page), ("", ""))
    for line, code in _blocks(page, "python"):
        quick = code.replace(whole, few) if whole else code
        exec(compile("\n" * (line - 1) + quick, str(page), "exec"), namespace)


@pytest.mark.parametrize("page", WHOLE_FITS)
def test_the_fit_of_a_page_is_found_to_be_made_shorter(page):
    assert sum(code.count(WHOLE_FITS[page][0]) for _, code in _blocks(ROOT / page, "python")) == 1


def test_the_check_of_an_own_statistic_finds_a_radius_that_is_too_short(files_of_the_pages, monkeypatch):
    monkeypatch.chdir(files_of_the_pages)
    code = [block for _, block in _blocks(ROOT / "docs" / "how-to" / "own-statistic.md", "python")]
    until_the_check = "".join(code[: 1 + next(i for i, block in enumerate(code) if "assert" in block)])
    assert until_the_check.count("radius=2") == 1
    with pytest.raises(AssertionError):
        exec(until_the_check.replace("radius=2", "radius=1"), {"__name__": "__main__"})


@pytest.mark.parametrize(("page", "command"), COMMANDS, ids=_name)
def test_a_command_on_a_page_is_one_that_exists(page, command):  # noqa: ARG001
    commands = typer.main.get_command(app).commands
    assert command[1] in commands
    commands[command[1]].make_context(command[1], command[2:])


def test_the_options_that_the_pages_explain_exist():
    options = {name for c in typer.main.get_command(app).commands.values() for p in c.params for name in p.opts}
    page = (ROOT / "docs" / "how-to" / "command-line.md").read_text()
    explained = {
        option for row in re.findall(r"^\| `--.*$", page, re.MULTILINE) for option in re.findall("--[a-z-]+", row)
    }
    assert explained
    assert explained <= options


def test_the_defaults_on_the_command_line_page_are_the_defaults():
    page = (ROOT / "docs" / "how-to" / "command-line.md").read_text()
    fit = {p.opts[0]: getattr(p, "help", None) for p in typer.main.get_command(app).commands["fit"].params}
    for option in ("--size", "--compactness", "--iterations", "--sigma", "--width", "--epochs", "--seed"):
        shown = re.search(rf"^\| `{option}` \| ([\d.]+)(,[^|]*)? \|", page, re.MULTILINE)
        assert float(shown[1]) == float(re.search(r"default: ([\d.]+)[,\]]", fit[option])[1])


def test_the_page_of_dependencies_names_what_is_asked_for_and_no_more():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    asked = list(itertools.chain(project["dependencies"], *project["optional-dependencies"].values()))
    page = (ROOT / "docs" / "dependencies.md").read_text()
    named = re.findall(r"^\| ([a-z0-9-]+) \|", page, re.MULTILINE)
    assert set(named) - {"package"} == {re.match("[a-z0-9-]+", one)[0] for one in asked}


def test_the_halos_of_the_architecture_page_are_the_halos():
    lattice = tz.Lattice((2**14, 2**14), (16, 16))
    page = " ".join((ROOT / "docs" / "architecture.md").read_text().split())
    recipe = tz.Recipe(1)
    assert recipe.superpixels.size == (16, 16)
    assert recipe.superpixels.iterations == 5
    for side, share in ((2048, "1.30"), (1024, "1.64")):
        block = BlockGrid.of(lattice, side)[(2, 2)]
        halos = [block.core.start[0] - recipe.superpixels.window(block, margin=0).start[0]]
        halos.append(block.core.start[0] - recipe.window(block).start[0])
        assert f"{halos[0]} pixels for labels and {halos[1]} for the graph" in page
        read = np.prod(recipe.window(block).shape) / np.prod(block.core.shape)
        assert f"a block of {side} reads {read:.2f} times" in page
        assert f"{read:.2f}" == share


def test_the_memory_of_the_architecture_page_is_what_is_projected():
    recipe = tz.Recipe(1)
    network = GraphConfig(2, len(recipe.node_columns), 2, tz.GNNSettings(levels=3))
    grid = BlockGrid.of(tz.Lattice((2**15, 2**15), (16, 16)), 2048)
    middle = grid[tuple((count - 1) // 2 for count in grid.shape)]
    segment, classify = (
        segment_task(recipe, middle, Reading(1)),
        classify_task(network, recipe, middle, grid, Reading(1)),
    )
    page = " ".join((ROOT / "docs" / "architecture.md").read_text().split())
    for row in (segment.stages, [count // 2**20 for count in segment.stages.values()]):
        assert f"| {' | '.join(map(str, row))} |" in page
    assert f"{segment.bytes // 2**20} MiB, {segment.bytes / segment.read:.0f} bytes per pixel" in page
    assert f"Labelling the same block by a network on region graphs takes {classify.bytes // 2**20} MiB" in page
    for share, wanted in ((WORKER, "520"), (WORKER_WITH_TORCH, "950"), (CLIENT, "450")):
        assert share == int(wanted) * 2**20
        assert f"{wanted} MiB" in page


def test_the_pages_build_without_a_warning(tmp_path):
    missing = [name for name in BUILDERS if importlib.util.find_spec(name) is None]
    if missing:
        pytest.skip(f"building the pages needs {', '.join(missing)}: install terrazzo[docs]")
    places = [str(ROOT / "docs"), str(tmp_path / "html"), "-d", str(tmp_path / "doctrees")]
    build = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html", *places]
    done = subprocess.run(build, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
