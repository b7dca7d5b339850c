"""What models need of a block and what they give: values and pure functions of arrays."""
