"""A synthetic culture of stem cells, drawn from absolute coordinates alone: what `terrazzo.synthetic` shows."""
