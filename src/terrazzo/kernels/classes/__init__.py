"""Kernels that draw, count and outline classes."""
