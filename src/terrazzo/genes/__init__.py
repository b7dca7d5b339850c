"""Networks as trees of genes: what a gene inherits, what it changes, and the network that comes of it."""
