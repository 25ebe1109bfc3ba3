"""The decisions of nine published image models, replayed."""
