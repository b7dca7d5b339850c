"""What is measured on each region."""
