"""Search for networks: trees of genes at random, then Optuna, on a cluster, in a folder that remembers all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from distributed import Client

from terrazzo.blockwise.cluster.active_client import active_client, is_seen
from terrazzo.blockwise.cluster.available_memory import memory_of_machine, memory_of_workers
from terrazzo.blockwise.cluster.cluster import cluster_client
from terrazzo.blockwise.cluster.run_blocks import run_each
from terrazzo.blockwise.cluster.worker_watch import RUNNING
from terrazzo.blockwise.inputs.image_array import ImageLike, image_array
from terrazzo.comparison.assignment import check_pairs, named_sources
from terrazzo.comparison.folder import INPUTS, Keeping, begun, finish
from terrazzo.comparison.runner import run_apart
from terrazzo.comparison.settings import SplitBy, Splitting
from terrazzo.comparison.splitting.split import split_sources
from terrazzo.comparison.stage import MODEL
from terrazzo.errors import ParameterError
from terrazzo.genes.space import Kind, Space, default_space
from terrazzo.io.output_path import check_ending
from terrazzo.io.whole_file import write_whole
from terrazzo.models.device import choose_device
from terrazzo.progress import shows_progress
from terrazzo.project.lock import locked
from terrazzo.settings import answers
from terrazzo.study.journal import Journal, Record, optuna_module
from terrazzo.study.methods import METHODS
from terrazzo.study.projection import Images, check_fits
from terrazzo.study.reporting.report import write_report
from terrazzo.study.reporting.view import study_html, study_text
from terrazzo.study.settings import Searching
from terrazzo.study.trial_server import end_servers, run_forked
from terrazzo.study.trial_task import alone_in
from terrazzo.study.trials import Trials
from terrazzo.training.rules.named_classes import named_classes

STUDY = Keeping("study", "search.json", grows=True)
BEST, TEST = "best", "test"


@dataclass(frozen=True)
class Study:
    """What a search came to.

    Parameters
    ----------
    path : str
        The study's folder, with `index.html`, `report.json`, the journal, and the best models in `best`.
    report : dict
        What is in `report.json`.
    """

    path: str
    report: dict[str, Any]

    @property
    def best(self) -> list[str]:
        """Where the best models are, the best first."""
        return [str(Path(self.path, one["model"])) for one in self.report["best"]]

    def __repr__(self) -> str:
        return study_text(self.path, self.report)

    def _repr_html_(self) -> str:
        return study_html(self.path, self.report)


@shows_progress
@answers(split=Splitting, searching=Searching)
def search(
    images: Sequence[ImageLike],
    annotations: Sequence[ImageLike],
    output: str | Path,
    *,
    space: Kind | Space = "unet",
    class_names: Sequence[str] | None = None,
    split: SplitBy | Splitting = "image",
    searching: Searching = Searching(),
    client: Client | None = None,
    overwrite: bool = False,
) -> Study:
    """Search for the network that suits some images: draw trees of genes at random, then let Optuna improve the best.

    Each tree is a trial, trained in a process of its own by a task of a Dask cluster. All learn from the same training
    side and are chosen by the same validation side; the best are measured on the test side at last. What was tried
    stays in the folder: called again after it was interrupted, it goes on, and with more trials it continues.

    Parameters
    ----------
    images : sequence of Image or array
        With the same axes and channels. Arrays are written into the study's folder, for the other processes.
    annotations : sequence of Annotation, Image or array of whole numbers
        The class of each pixel; 255 is not annotated. Shapes are drawn into the study's folder.
    output : path
        The study's folder; workers on other machines have to see it.
    space : {"unet", "lattice"} or Space
        Which networks are drawn; a word stands for its default space.
    class_names : sequence of str, optional
        By default those of the annotations, if they have any.
    split : {"image", "group", "region"} or Splitting
        What is on one side only; one split, no folds.
    searching : Searching
        How many trees, what each is granted, and what is better.
    client : distributed.Client, optional
        Where trials run, one at a time in each thread; by default the client that is active, else a local cluster.
    overwrite : bool
        Replace a study that is there.

    Returns
    -------
    Study

    Raises
    ------
    InputError
        If images and annotations do not fit, or the folder holds something else, or a study of other things or one that
        another program is searching.
    ParameterError
        If Optuna is missing, the smallest tree does not fit into memory, there are too few units to split, no trial
        was complete, or a parameter is out of range.
    """
    check_ending(output, "study")
    optuna_module()
    splitting = split if isinstance(split, Splitting) else Splitting(by=split)
    if splitting.folds != 1:
        raise ParameterError(f"folds is {splitting.folds}; a search has one split, so leave folds out")
    choose_device(searching.device)
    check_pairs(images, annotations)
    class_names = named_classes(annotations, class_names)
    arrays = [image_array(image) for image in images]
    space = space if isinstance(space, Space) else default_space(space, arrays[0].ndim - 1)
    given = _as_json(space, splitting, class_names, searching)
    folder = Path(output).expanduser().resolve()
    with _on_cluster(client) as cluster:
        memory = _memory_of_trial(cluster) if searching.memory is None else int(searching.memory)
        _check_not_in_use(folder)
        with begun(folder, images, annotations, given, overwrite, STUDY), locked(folder, "study"):
            _check_seen(folder, cluster)
            sources = named_sources(images, annotations, folder / INPUTS)
            made = split_sources(sources, folder / INPUTS, splitting, seed=searching.seed, class_names=class_names)
            extents = tuple(array.shape[1:] for array in arrays)
            about = Images(arrays[0].shape[0], len(made.class_names), arrays[0].dtype.itemsize, extents)
            check_fits(space, about, memory)
        with locked(folder, "study"), _own_processes(cluster, folder):
            journal = Journal(folder, space, _directions(searching), searching.prune)
            trials = Trials(folder, journal, space, searching, made, about, memory, cluster)
            trials.run()
            report = _reported(folder, trials, given)
    return Study(str(folder), report)


def _reported(folder: Path, trials: Trials, given: dict[str, Any]) -> dict[str, Any]:
    """Measure the best on the test side, keep their models apart, and return the report that is written."""
    best = _best(trials)
    tested = _tested(trials, best)
    _keep_models(trials, best)
    report = write_report(folder, trials, best, tested, given)
    finish(folder, STUDY)
    return report


def _as_json(
    space: Space, splitting: Splitting, class_names: Sequence[str] | None, searching: Searching
) -> dict[str, Any]:
    """Return what a study was begun with, as it is remembered with it, each thing by a name for people."""
    return {
        "kind": space.kind,
        **{f"space of {name}": said for name, said in space.said().items()},
        "class_names": None if class_names is None else list(class_names),
        "split": splitting.by,
        "groups": None if splitting.groups is None else str(splitting.groups),
        "gap": splitting.gap,
        **searching.decides(),
    }


@contextmanager
def _on_cluster(client: Client | None) -> Iterator[Client]:
    """Give the client that is given or active, else that of a local cluster."""
    found = active_client(client)
    if found is not None:
        yield found
        return
    with cluster_client() as local:
        yield local


@contextmanager
def _own_processes(client: Client, folder: Path) -> Iterator[None]:
    """End what workers keep for the trials of a study, as soon as the context ends, however it does."""
    try:
        yield
    finally:
        if client.status == RUNNING:
            with suppress(OSError):  # a cluster that has gone meanwhile keeps nothing
                client.run(end_servers, folder, on_error="ignore")


def _memory_of_trial(client: Client) -> int:
    """Return a trial's share of the memory that there is: of its worker's, or of this machine's."""
    shares = [worker.limit // worker.threads for worker in memory_of_workers(client)]
    return min(shares, default=memory_of_machine() // max(1, sum(client.nthreads().values())))


def _check_not_in_use(folder: Path) -> None:
    """Raise an InputError if another program searches in a folder, before that is renamed to be replaced."""
    if (folder / STUDY.run).is_file():
        with locked(folder, STUDY.what):
            pass


def _check_seen(folder: Path, client: Client) -> None:
    if not is_seen(folder, client):
        raise ParameterError(
            f"not every worker sees '{folder}'; choose a folder that all workers see under the same name"
        )


def _directions(searching: Searching) -> list[str]:
    return ["maximize", *("minimize" for _ in searching.objectives[1:])]


def _best(trials: Trials) -> list[Record]:
    """Return the trials whose models are kept, the best first."""
    best = trials.ranked()[: trials.searching.keep]
    if not best:
        first = next((one for one in trials.journal.records() if one.reason is not None), None)
        why = "all were stopped early" if first is None else f"trial {first.number} failed: {first.reason}"
        raise ParameterError(f"no trial was complete; {why}")
    return best


def _tested(trials: Trials, best: Sequence[Record]) -> list[dict[str, Any]]:
    """Return the outcome of predicting the test side with each of the best models, once for each."""
    device, names, sources = trials.searching.device, trials.split.class_names, trials.split.folds[0]["test"]
    jobs = {
        one.number: {
            "stage": "predict",
            "method": METHODS[trials.space.kind],
            "model": str(trials.place(one.number) / MODEL),
            "sources": [asdict(source) for source in sources],
            "class_names": names,
            "device": device,
        }
        for one in best
    }
    (trials.folder / TEST).mkdir(exist_ok=True)
    found = run_each(_test, list(jobs), jobs, trials.folder / TEST, client=trials.client, called=_trial_called)
    outcomes = dict(found)
    return [outcomes[one.number] for one in best]


def _test(number: int, jobs: Mapping[int, dict[str, Any]], folder: Path) -> tuple[int, dict[str, Any]]:
    place = folder / f"{number:04d}"
    with alone_in(place):
        return number, run_apart(jobs[number], place, start=run_forked)


def _trial_called(number: int) -> str:
    return f"the test of trial {number}"


def _keep_models(trials: Trials, best: Sequence[Record]) -> None:
    """Put copies of the best models into a folder of their own, by rank, in place of those that were there."""
    folder = trials.folder / BEST
    folder.mkdir(exist_ok=True)
    for rank, one in enumerate(best, 1):
        write_whole(folder / f"{rank}.safetensors", (trials.place(one.number) / MODEL).read_bytes())
    kept = {f"{rank}.safetensors" for rank in range(1, len(best) + 1)}
    for left in folder.glob("*.safetensors*"):
        if left.name not in kept:
            left.unlink()
