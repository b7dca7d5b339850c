"""How bright are images: what a model has seen, and whether an image is like it."""
