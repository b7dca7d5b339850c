"""Fit nested graph networks, without annotation."""
