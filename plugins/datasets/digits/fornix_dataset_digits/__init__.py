"""1,797 handwritten digits of 8 x 8 pixels with their labels, as scikit-learn ships them."""
