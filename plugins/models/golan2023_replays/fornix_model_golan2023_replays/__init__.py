"""The sentence probabilities of six published language models, replayed."""
