"""The command line: each command parses, calls one function and prints."""

from terrazzo.cli.app import main, program

__all__ = ["main", "program"]
