"""V4 predictivity on four recording sessions, by PLS and by ridge (Cowley et al. 2023)."""
