"""Kernels that measure regions and their boundaries."""
