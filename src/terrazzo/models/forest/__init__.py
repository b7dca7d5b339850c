"""The random forest."""
