"""What is annotated and what is right."""
