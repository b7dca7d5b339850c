"""What is given, checked, and what tasks read of it."""
