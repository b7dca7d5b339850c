"""A synthetic culture of stem cells, drawn from absolute coordinates: what `terrazzo.synthetic` shows."""
