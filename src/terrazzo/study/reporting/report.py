"""The report of a study: `report.json` and one self-contained `index.html`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from operator import add
from pathlib import Path
from typing import Any

from terrazzo.comparison.reporting.report import scores_of, without_nan
from terrazzo.comparison.stage import write_json
from terrazzo.study.journal import COMPLETE, FAILED, PRUNED, Record
from terrazzo.study.reporting.page import write_page
from terrazzo.study.settings import SPEED, quality_text
from terrazzo.study.trials import Trials
from terrazzo.version import __version__
from terrazzo.wording import counted


def write_report(
    folder: Path,
    trials: Trials,
    best: Sequence[Record],
    tested: Sequence[Mapping[str, Any]],
    given: Mapping[str, Any],
) -> dict[str, Any]:
    """Write the report and return what is in `report.json`.

    Parameters
    ----------
    folder : Path
    trials : Trials
    best : sequence of Record
        Those whose models are kept, the best first.
    tested : sequence of mapping
        What came of predicting the test side with each of them.
    given : mapping
        What the study was begun with.
    """
    names, records = trials.split.class_names, trials.journal.records()
    kept = [_kept(rank, *pair, names) for rank, pair in enumerate(zip(best, tested, strict=True), 1)]
    report = {
        "version": __version__,
        "settings": dict(given),
        "objectives": list(trials.searching.objectives),
        "class_names": list(names),
        "split": dict(trials.split.names[0]),
        "memory": trials.memory,
        "trials": [_trial(one) for one in records],
        "front": trials.journal.front(),
        "importance": trials.journal.importance(),
        "best": kept,
        "summary": _summary(records, kept, trials.searching.objectives[0]),
    }
    plain: dict[str, Any] = without_nan(report)
    write_json(folder / "report.json", plain)
    write_page(folder / "index.html", plain)
    return plain


def _trial(one: Record) -> dict[str, Any]:
    outcome = one.outcome
    return {
        "number": one.number,
        "phase": one.phase,
        "state": one.state,
        "values": list(one.values),
        "scores": {name: outcome["scores"][name] for name in SHOWN} if outcome else None,
        SPEED: outcome.get(SPEED),
        "seconds": outcome.get("seconds"),
        "training_seconds": outcome.get("training_seconds"),
        "peak_memory": outcome.get("peak_memory"),
        "steps": outcome.get("fitted", {}).get("steps"),
        "parameters": outcome.get("figures", {}).get("parameters"),
        "reason": one.reason,
        "curve": [list(point) for point in one.curve],
        "tree": one.tree.plain(),
        "lines": [list(line) for line in one.tree.lines()],
    }


SHOWN = ("mean_iou", "accuracy", "adjusted_rand")


def _kept(rank: int, one: Record, tested: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    scores = None if "error" in tested else reduce(add, map(scores_of, tested["images"])).summary(names)
    return {
        "rank": rank,
        "trial": one.number,
        "model": f"best/{rank}.safetensors",
        "validation": {name: one.outcome["scores"][name] for name in SHOWN},
        "test": None if scores is None else {name: scores[name] for name in (*SHOWN, "iou")},
        "error": tested.get("error"),
    }


def _summary(records: Sequence[Record], kept: Sequence[Mapping[str, Any]], quality: str) -> str:
    """Return two sentences: how many trials there were, and what the best came to."""
    found = {state: sum(one.state == state for one in records) for state in (COMPLETE, PRUNED, FAILED)}
    first, said = kept[0], quality_text(quality)
    tested = "" if first["test"] is None else f", {first['test'][quality]:.3f} on the test side"
    return (
        f"{counted(len(records), 'tree')}: {found[COMPLETE]} complete, {found[PRUNED]} stopped early, {found[FAILED]} "
        f"failed. The best is trial {first['trial']}: {said} {first['validation'][quality]:.3f} on the validation side"
        f"{tested}."
    )
