"""Error consistency with people on 17 image manipulations."""
