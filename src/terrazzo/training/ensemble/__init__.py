"""Which of some fitted models decide best together."""
