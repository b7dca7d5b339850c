"""Which tree is tried next, and what came of those that were: the trials of a study, handed out to a cluster."""

from __future__ import annotations

import logging
import math
import uuid
from collections.abc import Mapping
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from distributed import Client, KilledWorker

from terrazzo.blockwise.cluster.worker_watch import WorkerWatch
from terrazzo.comparison.assignment import Assignment
from terrazzo.comparison.splitting.split import Split
from terrazzo.genes.draw import with_values
from terrazzo.genes.space import Space
from terrazzo.genes.tree import Tree
from terrazzo.progress import Step, tell
from terrazzo.study.journal import COMPLETE, RANDOM, RUNNING, WAITING, Journal, Record
from terrazzo.study.methods import METHODS
from terrazzo.study.projection import Images, refusal
from terrazzo.study.proposals import drawn_tree, unlike
from terrazzo.study.settings import SPEED, Searching
from terrazzo.study.trial_stage import read_curve, stop_file
from terrazzo.study.trial_task import run_trial
from terrazzo.version import __version__

if TYPE_CHECKING:
    from optuna.trial import Trial

_log = logging.getLogger(__name__)

TRIALS = "trials"

PARENTS = 4
"""Of so many of the best trees Optuna improves the values, in turn."""

SECONDS_BETWEEN_LOOKS = 1.0


@dataclass(frozen=True, eq=False)
class Trials:
    """The trials of a study.

    Parameters
    ----------
    folder : Path
        The study's.
    journal : Journal
    space : Space
    searching : Searching
    split : Split
    images : Images
    memory : int
        Bytes that a trial may hold.
    client : distributed.Client
    """

    folder: Path
    journal: Journal
    space: Space
    searching: Searching
    split: Split
    images: Images
    memory: int
    client: Client

    def run(self) -> None:
        """Run trials until there are as many as are wanted; those that an earlier process has begun come first."""
        (self.folder / TRIALS).mkdir(exist_ok=True)
        watch, session = WorkerWatch(self.client), uuid.uuid4().hex
        submit = self.client.get_executor(pure=False).submit
        running = dict[Future[dict[str, Any]], "Trial"]()
        # where there is no next one, none is asked for again
        coming = chain(self.journal.running(), iter(self._next, None))

        def begin(trial: Trial) -> None:
            job = self._job(trial.number, self.journal.tree(trial))
            running[submit(run_trial, __version__, job, self.place(trial.number), session)] = trial

        try:
            self._tell()
            while True:
                while len(running) < watch.threads() and (trial := next(coming, None)) is not None:
                    begin(trial)
                if not running:
                    return
                for future in wait(running, SECONDS_BETWEEN_LOOKS, FIRST_COMPLETED).done:
                    trial = running.pop(future)
                    outcome = _outcome(future, watch, trial.number)
                    if outcome is None:
                        begin(trial)
                    else:
                        self._note(trial, outcome)
                        self._tell()
                for trial in running.values():
                    place = self.place(trial.number)
                    if self.journal.is_hopeless(trial, read_curve(place)):
                        stop_file(place).touch()
        finally:
            for future in running:
                future.cancel()

    def place(self, number: int) -> Path:
        """Return the folder of a trial."""
        return self.folder / TRIALS / f"{number:04d}"

    def ranked(self) -> list[Record]:
        """Return the trials that are complete, the best first: with two objectives those of the front before others."""
        records = [one for one in self.journal.records() if one.state == COMPLETE]
        front = set(self.journal.front()) if records else set()
        return sorted(records, key=lambda one: (one.number not in front, -one.values[0], one.number))

    def _next(self) -> Trial | None:
        """Return the next trial; None if there are enough, or the space has no more trees."""
        while (trial := self.journal.waiting()) is None:
            records = self.journal.records()
            if len(records) >= self.searching.trials:
                return None
            tried = {record.tree.fingerprint() for record in records}
            random, parents = sum(one.phase == RANDOM for one in records), self.ranked()[:PARENTS]
            if random < self.searching.drawn or not parents:
                limits = self.images, self.memory
                tree = drawn_tree(self.space, self.searching.seed, random, *limits, tried)
                if tree is None:
                    _log.warning(
                        "the space has no tree that fits and was not tried: the search ends with %d", len(records)
                    )
                    return None
                self.journal.add(tree)
                continue
            parent = parents[len(records) % len(parents)].tree
            if (improved := self._improved(parent, len(records), tried)) is not None:
                return improved
        return trial

    def _improved(self, parent: Tree, number: int, tried: set[str]) -> Trial | None:
        """Return a trial of a tree with values that Optuna proposes; None if it is refused, which is noted."""
        # Optuna's seeds have 32 bits
        seed = int(np.random.SeedSequence((self.searching.seed, number)).generate_state(1)[0])
        trial, values = self.journal.asked(seed)
        tree = unlike(with_values(parent, values), self.searching.seed, number, tried)
        self.journal.grow(trial, tree)
        refused = refusal(tree, self.images, self.memory)
        if refused is None and tree.fingerprint() in tried:
            refused = "it was tried before, and the space has no tree like it"
        if refused is None:
            return trial
        self.journal.fail(trial, refused)
        self._tell()
        return None

    def _note(self, trial: Trial, outcome: Mapping[str, Any]) -> None:
        """Note in the journal what came of a trial."""
        if "error" in outcome:
            self.journal.fail(trial, str(outcome["error"]))
        elif "pruned" in outcome:
            self.journal.prune(trial)
        else:
            quality, *speed = self.searching.objectives
            values = [outcome["scores"][quality], *(outcome[SPEED] for _ in speed)]
            if all(value is not None and math.isfinite(value) for value in values):
                self.journal.complete(trial, values, outcome)
            else:
                self.journal.fail(trial, f"its {quality.replace('_', ' ')} is not a number")

    def _job(self, number: int, tree: Tree) -> dict[str, Any]:
        """Return what the process of a trial does."""
        sides, searching = self.split.folds[0], self.searching
        training, validation = sides["training"], sides["validation"]
        settings: dict[str, Any] = {"tree": tree.plain(), "space": self.space.plain()}
        if searching.steps is not None:
            settings["steps"] = searching.steps
        assignment = Assignment(
            (*training, *validation),
            tuple(range(len(training), len(training) + len(validation))),
            self.split.class_names,
            seconds=searching.seconds,
            seed=searching.seed,
            device=searching.device,
            settings=settings,
        )
        return {
            "stage": "trial",
            "number": number,
            "method": METHODS[self.space.kind],
            "assignment": asdict(assignment),
            "sources": [asdict(one) for one in validation],
            "class_names": self.split.class_names,
            "device": searching.device,
            "memory": self.memory,
        }

    def _tell(self) -> None:
        records = self.journal.records()
        done = sum(one.state not in (RUNNING, WAITING) for one in records)
        best = max((one.values[0] for one in records if one.values), default=None)
        quality = self.searching.objectives[0].replace("_", " ")
        tell(Step("trials", done, self.searching.trials, detail=None if best is None else f"best {quality} {best:.4f}"))


def _outcome(future: Future[dict[str, Any]], watch: WorkerWatch, number: int) -> dict[str, Any] | None:
    """Return what a task returned; None if it is to be begun again, because its workers died."""
    try:
        return future.result()
    except KilledWorker:
        return None
    except Exception as error:
        watch.explain(error, f"trial {number}")
        raise
