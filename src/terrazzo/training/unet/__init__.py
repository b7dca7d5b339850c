"""Fit a U-Net."""
