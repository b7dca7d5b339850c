"""The version of terrazzo, the only place that states it."""

__version__ = "0.2.0.dev0"
