"""The 33 published compact models of V4 neurons, session 190923."""
