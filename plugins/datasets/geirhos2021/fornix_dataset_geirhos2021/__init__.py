"""Human decisions on 17 image manipulations."""
