"""Fit a graph neural network."""
