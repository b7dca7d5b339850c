"""The journal of a study: every trial with its tree and what came of it, on disk as Optuna keeps it."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from terrazzo.errors import InputError, ParameterError
from terrazzo.genes.parameter import Choice, Parameter, Range, Value
from terrazzo.genes.space import Space
from terrazzo.genes.tree import Tree, tree_of

if TYPE_CHECKING:
    from optuna.pruners import BasePruner
    from optuna.trial import FrozenTrial, Trial

NAME, JOURNAL = "terrazzo", "journal.log"
RANDOM, IMPROVED = "random", "improved"
COMPLETE, PRUNED, FAILED, RUNNING, WAITING = "COMPLETE", "PRUNED", "FAIL", "RUNNING", "WAITING"

# Percent of a trial's training at which it is stopped first, and by which share those that go on are fewer.
FIRST_RUNG, FEWER = 25, 2

NEVER_BEGUN = "the search was stopped before it was begun"


def optuna_module() -> Any:
    """Return Optuna.

    Raises
    ------
    ParameterError
        If it is not installed.
    """
    try:
        optuna: Any = importlib.import_module("optuna")
    except ImportError as error:
        raise ParameterError(
            f"a search needs optuna, which cannot be imported ({error}); pip install 'terrazzo[optuna]'"
        ) from error
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return optuna


@dataclass(frozen=True)
class Record:
    """A trial as the journal has it.

    Parameters
    ----------
    number : int
    tree : Tree
    phase : {"random", "improved"}
    state : str
        "COMPLETE", "PRUNED", "FAIL", "RUNNING" or "WAITING".
    values : tuple of float
        Of the objectives, where it is complete.
    outcome : dict
        What its process has found out.
    reason : str or None
        Why it failed.
    curve : tuple of (int, float)
        How far training was, in percent, and what validation came to.
    """

    number: int
    tree: Tree
    phase: str
    state: str
    values: tuple[float, ...]
    outcome: dict[str, Any]
    reason: str | None
    curve: tuple[tuple[int, float], ...]


class Journal:
    """The journal of a study, for the one process that writes it.

    Parameters
    ----------
    folder : Path
        The study's, which this process holds.
    space : Space
    directions : sequence of str
        "maximize" or "minimize" for each objective.
    prune : bool
        Whether trials are stopped early.
    """

    def __init__(self, folder: Path, space: Space, directions: Sequence[str], prune: bool) -> None:
        self._optuna, self._space = optuna_module(), space
        path = folder / JOURNAL
        _mend(path)
        storages = importlib.import_module("optuna.storages")
        backend = storages.journal.JournalFileBackend(str(path))
        halving = self._optuna.pruners.SuccessiveHalvingPruner(min_resource=FIRST_RUNG, reduction_factor=FEWER)
        pruner: BasePruner = halving if prune and len(directions) == 1 else self._optuna.pruners.NopPruner()
        try:
            self._study = self._optuna.create_study(
                storage=storages.JournalStorage(backend),
                study_name=NAME,
                directions=list(directions),
                pruner=pruner,
                load_if_exists=True,
            )
        except (ValueError, KeyError) as error:
            raise InputError(f"'{path}' is no journal of a study ({error}); put back a copy, or begin anew") from error
        self._prunes = prune and len(directions) == 1

    def records(self) -> list[Record]:
        """Return all trials that have a tree, by number."""
        found = self._study.get_trials(deepcopy=False)
        return [_record(trial, self._space) for trial in found if "tree" in trial.user_attrs]

    def add(self, tree: Tree) -> None:
        """Note a tree that was drawn at random, as a trial that waits."""
        values = {parameter.name: _stored(tree.values[parameter.name]) for parameter in self._space.free}
        self._study.enqueue_trial(values, user_attrs={"tree": tree.plain(), "phase": RANDOM})

    def waiting(self) -> Trial | None:
        """Return the first trial that waits, which is then running; None if there is none."""
        if not any(trial.state.name == WAITING for trial in self._study.get_trials(deepcopy=False)):
            return None
        trial = self._study.ask()
        self._suggested(trial)
        return trial  # type: ignore[no-any-return]

    def running(self) -> list[Trial]:
        """Return the trials that an earlier process has begun, and give up those that have no tree yet."""
        found = []
        for trial in self._study.get_trials(deepcopy=False):
            if trial.state.name != RUNNING:
                continue
            # Optuna has no other way to go on with a trial
            again = self._optuna.trial.Trial(self._study, trial._trial_id)
            if "tree" in trial.user_attrs:
                self._suggested(again)
                found.append(again)
            else:
                self.fail(again, NEVER_BEGUN)
        return found

    def asked(self, seed: int) -> tuple[Trial, dict[str, Value]]:
        """Return a new trial with the values that Optuna proposes for parameters that leave trees as they are.

        Parameters
        ----------
        seed : int
            Of what it draws: with the same trials before, the same is proposed.
        """
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", self._optuna.exceptions.ExperimentalWarning)
            self._study.sampler = self._optuna.samplers.TPESampler(
                seed=seed, multivariate=True, constant_liar=True, n_startup_trials=4
            )
        trial = self._study.ask()
        return trial, self._suggested(trial)

    def grow(self, trial: Trial, tree: Tree) -> None:
        """Note the tree of a trial that was asked for."""
        trial.set_user_attr("phase", IMPROVED)
        trial.set_user_attr("tree", tree.plain())

    def tree(self, trial: Trial) -> Tree:
        """Return the tree of a trial."""
        return tree_of(trial.user_attrs["tree"], self._space)

    def is_hopeless(self, trial: Trial, curve: Sequence[tuple[int, float]]) -> bool:
        """Note what is new of a trial's curve; return whether it should be stopped."""
        if not self._prunes:
            return False
        known = self._study.get_trials(deepcopy=False)[trial.number].intermediate_values
        hopeless = False
        # of epochs that end at the same percent the last
        for percent, value in dict(curve).items():
            # what is at its end is stopped no more
            if percent not in known and percent < 100:
                trial.report(value, percent)
                hopeless = hopeless or trial.should_prune()
        return hopeless

    def complete(self, trial: Trial, values: Sequence[float], outcome: Mapping[str, Any]) -> None:
        """Note what came of a trial."""
        trial.set_user_attr("outcome", dict(outcome))
        self._study.tell(trial, list(values))

    def prune(self, trial: Trial) -> None:
        """Note that a trial was stopped."""
        self._study.tell(trial, state=self._optuna.trial.TrialState.PRUNED)

    def fail(self, trial: Trial, reason: str) -> None:
        """Note why a trial failed."""
        trial.set_user_attr("reason", reason)
        self._study.tell(trial, state=self._optuna.trial.TrialState.FAIL)

    def front(self) -> list[int]:
        """Return the numbers of the trials than which none is better in all that is wanted."""
        return [trial.number for trial in self._study.best_trials]

    def importance(self) -> dict[str, float]:
        """Return how much each parameter that leaves trees as they are says about quality; nothing of few trials."""
        try:
            # of low values, says the evaluator
            with warnings.catch_warnings():
                # that there are few trials, or that nothing differs
                warnings.simplefilter("ignore", UserWarning)
                turned = self._optuna.importance.get_param_importances(
                    self._study,
                    evaluator=self._optuna.importance.PedAnovaImportanceEvaluator(),
                    target=lambda one: -one.values[0],
                )
            return dict(turned)
        except (RuntimeError, ValueError):
            return {}

    def _suggested(self, trial: Trial) -> dict[str, Value]:
        """Return the values of a trial's parameters, those proposed now that it did not have yet."""
        return {parameter.name: _suggested(trial, parameter) for parameter in self._space.free}


def _suggested(trial: Trial, parameter: Parameter) -> Value:
    if isinstance(parameter, Choice):
        stored = trial.suggest_categorical(parameter.name, [_stored(choice) for choice in parameter.choices])
        return next(choice for choice in parameter.choices if _stored(choice) == stored)
    assert isinstance(parameter, Range)
    if parameter.whole:
        return trial.suggest_int(parameter.name, int(parameter.low), int(parameter.high), log=parameter.log)
    return trial.suggest_float(parameter.name, parameter.low, parameter.high, log=parameter.log)


def _stored(value: Value) -> Any:
    """Return a value as Optuna stores it: tuples as text."""
    return repr(value) if isinstance(value, tuple) else value


def _record(trial: FrozenTrial, space: Space) -> Record:
    attributes = trial.user_attrs
    return Record(
        trial.number,
        tree_of(attributes["tree"], space),
        attributes.get("phase", RANDOM),
        trial.state.name,
        tuple(trial.values or ()) if trial.state.name == COMPLETE else (),
        attributes.get("outcome", {}),
        attributes.get("reason"),
        tuple(sorted(trial.intermediate_values.items())),
    )


def _mend(path: Path) -> None:
    """Make a journal whole again that a process was killed over: without a torn last line, and let go of."""
    path.with_name(f"{path.name}.lock").unlink(missing_ok=True)
    for left in path.parent.glob(f"{path.name}.lock*.rename"):
        left.unlink()
    if not path.is_file():
        return
    with path.open("rb+") as file:
        whole = file.read().rfind(b"\n") + 1
        file.truncate(whole)
