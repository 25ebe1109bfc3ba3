"""Content-addressed artifacts, cells and attempts behind one interface."""
