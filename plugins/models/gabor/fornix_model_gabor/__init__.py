"""A Gabor energy model of V1 with divisive normalisation."""
