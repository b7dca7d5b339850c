"""A random forest on filter responses of pixels: what interactive pixel classifiers do."""
