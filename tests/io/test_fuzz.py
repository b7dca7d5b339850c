"""Files with mutated headers: each is refused in one sentence or read, soon and in little memory.

More of them, and others: TERRAZZO_FUZZ=20 (times as many), TERRAZZO_FUZZ_SEED=7.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
CASES = {"zarr": 600, "tiff": 500, "model": 400, "geojson": 500}
TIMES = int(os.environ.get("TERRAZZO_FUZZ", "1"))
SEED = os.environ.get("TERRAZZO_FUZZ_SEED", "0")
MOST_MEMORY = 2**30


@pytest.mark.parametrize("kind", CASES)
def test_a_file_with_a_mutated_header_is_read_or_refused_in_one_sentence(kind):
    command = [sys.executable, TESTS / "fuzzed_headers.py", kind, SEED, "0", str(TIMES * CASES[kind])]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    outcomes = [json.loads(line) for line in ran.stdout.splitlines()]
    again = f"python tests/fuzzed_headers.py {kind} {SEED} {len(outcomes)} 1"
    assert ran.returncode == 0, f"it hung, crashed or fell over; to see it again: {again}\n{ran.stderr[-3000:]}"
    assert len(outcomes) == TIMES * CASES[kind]
    wrong = [one for one in outcomes if one["how"] not in ("error", "answer") or one["peak"] > MOST_MEMORY]
    assert not wrong, f"{len(wrong)} cases, the first: {wrong[0]['case']}, {wrong[0]['peak']} B, {wrong[0]['said']}"
    refused = sum(one["how"] == "error" for one in outcomes)
    assert 0 < refused < len(outcomes)
