"""Linear predictivity: PLS, ridge and least-squares regression from a model's responses to measured ones."""
