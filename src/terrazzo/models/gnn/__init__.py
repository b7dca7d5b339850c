"""The network on region graphs."""
