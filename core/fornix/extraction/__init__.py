"""For model plugins: activations and Grams from a network, in one pass, streamed, exact."""
