"""Pure array functions shared by metrics: splits, correlations, Grams, solvers, reliability, uncertainty."""
