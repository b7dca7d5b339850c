"""What a block owns, and the graph that blocks make up."""
