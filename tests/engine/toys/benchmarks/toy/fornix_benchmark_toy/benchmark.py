"""One region of the toy dataset."""

from functools import cached_property

import fornix
from fornix.interfaces import Experiment, Recording


class ToyCorrelation:
    def __init__(self, region):
        self.region = region

    @cached_property
    def dataset(self):
        return fornix.load_dataset("Toy")

    def experiments(self, so_far=()):
        return () if so_far else (Experiment(self.dataset.stimuli(), (Recording(self.region),)),)

    def score(self, responses):
        metric = fornix.load_metric("toy-correlation")
        return metric(responses[0][Recording(self.region)], self.dataset.recordings()[self.region])

    def ceiling(self):
        return None
