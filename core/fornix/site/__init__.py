"""The static site: a snapshot's matrix as pages that need no server and ask nothing of another host."""
