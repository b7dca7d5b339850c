"""What each worker needs, loaded by importing this: for the process that workers are forked from, and for it alone."""

import gc

# hundreds of thousands of objects come to stay: to look for garbage among them takes a fifth of the time
gc.disable()

import distributed.nanny  # noqa: E402
import pandas  # type: ignore[import-untyped] # noqa: E402 - Arrow loads it as it makes its first table

import terrazzo.blockwise.runs.write_prediction  # noqa: E402
from terrazzo.kernels.jit import load_target  # noqa: E402

load_target()
# in workers as well nobody looks through what was loaded, so that its pages stay shared
gc.freeze()
gc.enable()

__all__ = ["distributed", "pandas", "terrazzo"]
