"""The main job, end to end, on an image whose truth is known."""

from terrazzo.demo.run import run_demo

__all__ = ["run_demo"]
