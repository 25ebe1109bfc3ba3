"""NaturalStories: self-paced reading times of ten stories."""
