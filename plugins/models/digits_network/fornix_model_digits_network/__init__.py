"""A small convolutional network trained on half of the digits of scikit-learn."""
