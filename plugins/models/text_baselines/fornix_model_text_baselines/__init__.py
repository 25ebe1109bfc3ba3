"""Length, frequency and position of a word as predictors of its reading time."""
