"""Several fitted models as one: the mean of their probabilities, or their vote."""
