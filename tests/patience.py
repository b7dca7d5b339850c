"""How tests wait: for a condition and not for some seconds, however slow the machine is."""

import time

PATIENCE = 600  # seconds until a test gives up: no machine is as slow, and only what hangs takes so long


def wait_until(condition, what):
    """Return what a condition says as soon as that is true."""
    until = time.monotonic() + PATIENCE
    while not (said := condition()):
        assert time.monotonic() < until, f"{what} did not come about in {PATIENCE} s"
        time.sleep(0.01)
    return said
