"""The exponential of single precision, by + - x and bits alone: the same on any processor, and many at a time."""

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from terrazzo.kernels.jit import kernel

_ONE, _HALF = np.float32(1), np.float32(0.5)
_LOG2E, _HIGH, _LOW = np.float32(1.44269504), np.float32(0.693359375), np.float32(-2.12194440e-4)
_LEAST = np.float32(-87)
# exp(r) - 1 - r over r**2, on half a step of a power of two to either side
_P5, _P4, _P3, _P2, _P1 = map(np.float32, (1.3981999e-3, 8.3334519e-3, 4.1665796e-2, 1.6666665e-1, 5.0000001e-1))


@intrinsic
def _bits(typing_context, value):  # noqa: ARG001
    """The float whose bits are those of a whole number."""

    def generate(context, builder, signature, arguments):  # noqa: ARG001
        return builder.bitcast(arguments[0], ir.FloatType())

    return types.float32(types.int32), generate


@kernel
def exp(x):
    """Return exp(x) of an x of at most 0, to 1e-7 of it; below -87 it is that of -87, which is next to nothing."""
    x = max(x, _LEAST)
    power = np.int32(x * _LOG2E - _HALF)
    whole = np.float32(power)
    r = x - whole * _HIGH - whole * _LOW
    tail = ((((_P5 * r + _P4) * r + _P3) * r + _P2) * r + _P1) * r * r + r + _ONE
    return tail * _bits((power + np.int32(127)) << np.int32(23))  # type: ignore[call-arg]
