"""Pure array functions shared by metrics: splits and correlations here, each family of scores in a folder of its own."""
