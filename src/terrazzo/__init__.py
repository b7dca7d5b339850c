"""Segment images larger than memory."""

from terrazzo.version import __version__

__all__ = ["__version__"]
