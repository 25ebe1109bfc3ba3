"""NaturalStories-reading_times: does a predictor follow the reading times of words."""
