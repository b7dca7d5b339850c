"""The yardstick: several methods on one split, measured in processes of their own, and the report."""
