"""`benchmarks/compare_runs.py` says what became slower, and a slower machine is none of it."""

import copy
import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "benchmarks" / "compare_runs.py"
BEFORE = {
    "block": {"megapixels": 1.0, "classes": {"network": {"core_seconds": 0.2}, "paint": {"core_seconds": 0.1}}},
    "floors": {"copy": 0.01, "read": 0.02},
    "run": {
        "megapixels": 4.0,
        "ledger": {"classes": {"core_seconds": 2.0, "stages": {"network": {"core_seconds": 1.0}}}},
    },
}


def compared(tmp_path, after):
    for name, found in (("before", BEFORE), ("after", after)):
        (tmp_path / name).write_text(json.dumps(found))
    command = [sys.executable, SCRIPT, tmp_path / "before", tmp_path / "after"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout


@pytest.mark.parametrize("machine", [1.0, 2.0])
def test_a_slower_stage_is_named_and_a_slower_machine_is_not(tmp_path, machine):
    after = copy.deepcopy(BEFORE)
    after["floors"] = {name: seconds * machine for name, seconds in BEFORE["floors"].items()}
    for stage in after["block"]["classes"].values():
        stage["core_seconds"] *= machine
    assert compared(tmp_path, after)[0] == 0
    after["block"]["classes"]["paint"]["core_seconds"] *= 3
    after["run"]["ledger"]["classes"]["stages"]["network"]["core_seconds"] = 0.25
    code, said = compared(tmp_path, after)
    assert code == 1
    assert "slower: 1 of 4" in said
    assert f"{3 * machine:.2f} x  block, classes, paint: 0.1 -> {0.3 * machine:.4g}" in said
    assert "0.25 x  run, classes, network: 0.25 -> 0.0625" in said
