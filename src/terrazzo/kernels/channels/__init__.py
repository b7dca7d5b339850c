"""Kernels on the channels of nodes."""
