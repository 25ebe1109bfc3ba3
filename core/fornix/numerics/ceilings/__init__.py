"""How reliable measurements are, and reported values on the scale that this sets."""
