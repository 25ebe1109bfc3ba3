"""Digits-accuracy: handwritten digits named after learning from half of them."""
