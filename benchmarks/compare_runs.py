"""What became slower, and what quicker, from one output of `bench.py` to another.

python benchmarks/compare_runs.py BEFORE.json AFTER.json [RATIO]

Lists what takes at least RATIO times (1.1) as many core-seconds as before, or as few, both as counted and in units of
the floors' median: a machine that was slower as a whole slows them too. Ends with 1 where something became slower.
"""

from __future__ import annotations

import json
import statistics
import sys
from pathlib import Path
from typing import Any

# core-seconds per megapixel that nobody misses
LEAST = 0.001


def main(before: str, after: str, ratio: str = "1.1") -> None:
    one, other = (json.loads(Path(file).read_text()) for file in (before, after))
    machine = statistics.median(_ratios(one["floors"], other["floors"]).values())
    changed = {
        name: (then, now, sorted((now / then, now / then / machine)))
        for name, (then, now) in _common(core_seconds(one), core_seconds(other)).items()
        if max(then, now) >= LEAST and then > 0
    }
    slower = {name: values for name, values in changed.items() if values[2][0] >= float(ratio)}
    quicker = {name: values for name, values in changed.items() if values[2][1] <= 1 / float(ratio)}
    print(f"the machine's floors took {machine:.2f} times as long")
    for title, some in (("slower", slower), ("quicker", quicker)):
        print(f"{title}: {len(some)} of {len(changed)}")
        for name, (then, now, _) in sorted(some.items(), key=lambda item: -item[1][1] / item[1][0]):
            print(f"  {now / then:6.2f} x  {name}: {then:.4g} -> {now:.4g} core-seconds per megapixel")
    for name in sorted(core_seconds(one).keys() ^ core_seconds(other).keys()):
        print(f"  only in {'the first' if name in core_seconds(one) else 'the second'}: {name}")
    sys.exit(bool(slower))


def core_seconds(found: dict[str, Any]) -> dict[str, float]:
    """Return core-seconds per megapixel of each stage of a block and of a run, and of passes as a whole."""
    taken = {}
    for name, stages in found["block"].items():
        if isinstance(stages, dict):
            taken |= {f"block, {name}, {stage}": spent["core_seconds"] for stage, spent in stages.items()}
    megapixels = found["run"]["megapixels"]
    for name, entry in found["run"]["ledger"].items():
        taken[f"run, {name}, all threads"] = entry["core_seconds"] / megapixels
        taken |= {
            f"run, {name}, {stage}": spent["core_seconds"] / megapixels for stage, spent in entry["stages"].items()
        }
    return taken


def _common(one: dict[str, float], other: dict[str, float]) -> dict[str, tuple[float, float]]:
    return {name: (one[name], other[name]) for name in one if name in other}


def _ratios(one: dict[str, float], other: dict[str, float]) -> dict[str, float]:
    return {name: now / then for name, (then, now) in _common(one, other).items() if then > 0}


if __name__ == "__main__":
    main(*sys.argv[1:])
