"""Channels that rise and fall together, with others in each domain, while each alone looks the same everywhere."""

import numpy as np
from numpy.typing import NDArray

from terrazzo.kernels.culture.noise import Window, bell, gradient_noise, hash_at, stream, unit
from terrazzo.kernels.jit import kernel

# Pixels: of domains, of how far their borders wander, of what is shared in a module, of what a channel has for itself.
DOMAIN, WANDER, SHARED, OWN = 1024, 256, 24, 8
# Grey levels: the deviations of what is shared, of what is a channel's own, and of the noise of a pixel.
_SHARED_LEVELS, _OWN_LEVELS, _NOISE_LEVELS = 8.0, 8.0, 8.0
# of gradient noise, measured
_GRADIENT_DEVIATION = 0.26
_DOMAINS, _BORDERS, _MODULES, _MEANS, _SHARED, _OWN, _NOISE = range(7)


def module_of_channels(channels: int, domains: int, modules: int, seed: int) -> NDArray[np.int64]:
    """Return the module that each channel is in, in each domain, shape (domains, channels), of equal sizes."""
    shuffled = np.uint64(stream(np.uint64(seed), _MODULES))
    keys = [[hash_at(domain, channel, shuffled) for channel in range(channels)] for domain in range(domains)]
    ranks = np.argsort(np.argsort(np.array(keys, np.uint64), axis=1, kind="stable"), axis=1, kind="stable")
    return ranks * modules // channels


def draw_coexpression(
    window: Window, channels: int, domains: int, modules: int, seed: int
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return the channels (c, y, x) and the domains (y, x) of a window."""
    members = module_of_channels(channels, domains, modules, seed)
    return _drawn(window.y, window.x, window.height, window.width, members, domains, modules, np.uint64(seed))


@kernel
def _domain_at(y: int, x: int, domains: int, seed: np.uint64) -> int:
    borders = stream(seed, _BORDERS)
    wander = 0.5 * DOMAIN
    wy = y + wander * gradient_noise(y, x, WANDER, borders)
    wx = x + wander * gradient_noise(y, x, WANDER, borders + np.uint64(1))
    py, px = int(np.floor(wy / DOMAIN)), int(np.floor(wx / DOMAIN))
    nearest, found = np.inf, 0
    places = stream(seed, _DOMAINS)
    for iy in range(py - 1, py + 2):
        for ix in range(px - 1, px + 2):
            word = hash_at(iy, ix, places)
            dy = (iy + unit(word, 0)) * DOMAIN - wy
            dx = (ix + unit(word, 1)) * DOMAIN - wx
            distance = dy * dy + dx * dx
            if distance < nearest:
                nearest, found = distance, int(unit(word, 2) * domains)
    return found


@kernel
def _drawn(
    first_y: int,
    first_x: int,
    height: int,
    width: int,
    members: NDArray[np.int64],
    domains: int,
    modules: int,
    seed: np.uint64,
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    channels = members.shape[1]
    image, truth = np.empty((channels, height, width), np.uint8), np.empty((height, width), np.uint8)
    shared, own, noise = stream(seed, _SHARED), stream(seed, _OWN), stream(seed, _NOISE)
    means = stream(seed, _MEANS)
    mean = np.empty(channels)
    for channel in range(channels):
        mean[channel] = 50.0 + 130.0 * unit(hash_at(0, channel, means), 0)
    levels, alone = np.empty(modules), np.empty(channels)
    for y in range(height):
        for x in range(width):
            at_y, at_x = first_y + y, first_x + x
            domain = _domain_at(at_y, at_x, domains, seed)
            truth[y, x] = domain
            for module in range(modules):
                found = gradient_noise(at_y, at_x, SHARED, shared + np.uint64(module))
                levels[module] = _SHARED_LEVELS / _GRADIENT_DEVIATION * found
            if x == 0 or at_x % OWN == 0:
                for channel in range(channels):
                    alone[channel] = bell(hash_at(at_y // OWN, at_x // OWN, own + np.uint64(channel)))
            for channel in range(channels):
                grain = bell(hash_at(at_y, at_x, noise + np.uint64(channel)))
                value = mean[channel] + levels[members[domain, channel]]
                value += _OWN_LEVELS * alone[channel] + _NOISE_LEVELS * grain
                image[channel, y, x] = np.uint8(min(max(value + 0.5, 0.0), 255.0))
    return image, truth
