import subprocess
import sys

import torch
from torch import nn

from terrazzo.training.rules.adamw import AdamW

ALONE = """
import sys
from torch import nn, ones
from terrazzo.training.rules import optimise
network = nn.Linear(3, 2)
network(ones(4, 3)).sum().backward()
optimise.AdamW(network, 0.01).step(1e-3)
sys.exit(any(name in sys.modules for name in ("torch._dynamo", "triton")))
"""


def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(6, 20), nn.BatchNorm1d(20), nn.GELU(), nn.Linear(20, 3))


def learned(made, step):
    x = torch.randn(50, 6, generator=torch.Generator().manual_seed(1))
    for number in range(30):
        made(x).square().sum().backward()
        step(1e-2 / (1 + number))
    return made.state_dict()


def test_it_steps_as_torchs_own_class_does_bit_for_bit():
    theirs = network()
    weights, others = ([p for p in theirs.parameters() if (p.ndim > 1) is matrix] for matrix in (True, False))
    groups = [{"params": weights, "weight_decay": 0.1}, {"params": others, "weight_decay": 0.0}]
    optimiser = torch.optim.AdamW(groups, fused=True)

    def step(rate):
        for group in optimiser.param_groups:
            group["lr"] = rate
        optimiser.step()
        optimiser.zero_grad()

    expected = learned(theirs, step)
    ours = network()
    found = learned(ours, AdamW(ours, 0.1).step)
    assert all(torch.equal(found[name], expected[name]) for name in expected)


def test_what_has_no_gradient_stays_as_it_is():
    made = nn.ModuleList([nn.Linear(2, 2), nn.Linear(2, 2)])
    before = made[1].weight.detach().clone()
    made[0](torch.ones(1, 2)).sum().backward()
    AdamW(made, 0.5).step(0.1)
    assert torch.equal(made[1].weight, before)
    assert made[0].weight.grad is None


def test_learning_does_not_load_torchs_compiler():
    assert subprocess.run([sys.executable, "-c", ALONE], check=False).returncode == 0
