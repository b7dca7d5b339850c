"""What fitting a lattice network is projected to hold is what it holds: measured in a process of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from peak_of_tasks import AS_A_WORKER

import terrazzo as tz
from terrazzo.models.lattice.model import unfitted_model
from terrazzo.regions.graphs.recipe import Recipe
from terrazzo.regions.superpixels.superpixel_parameters import SuperpixelParameters
from terrazzo.training.lattice.training_task import weights

SCRIPT = Path(__file__).parents[2] / "peak_of_fit.py"


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="peaks are read from Linux's /proc")
def test_a_fit_takes_at_most_what_is_projected_and_at_least_a_third():
    done = subprocess.run(
        [sys.executable, SCRIPT], capture_output=True, text=True, check=False, env=os.environ | AS_A_WORKER
    )
    assert done.returncode == 0, done.stderr
    for name, (measured, projected) in json.loads(done.stdout).items():
        figures = f"{name}: measured {measured / 2**20:.1f} MiB, projected {projected / 2**20:.1f} MiB"
        print(figures)
        assert measured <= projected <= 3 * measured, figures


@given(
    st.sampled_from([(8, 8), (2, 8, 8), (1, 8, 8)]),
    st.builds(
        tz.LatticeSettings,
        width=st.integers(1, 4),
        levels=st.integers(0, 2),
        finest=st.integers(0, 2),
        blocks=st.integers(0, 2),
        crf_steps=st.integers(0, 1),
        decision=st.sampled_from(["pixel", "region"]),
        pixel_width=st.integers(1, 3),
    ),
)
def test_the_weights_of_a_lattice_network_are_counted_without_making_them(size, settings):
    network = unfitted_model(Recipe(2, SuperpixelParameters(size)), 3, settings).network
    assert weights(network.config) == sum(one.numel() for one in network.state_dict().values())
