"""A dataset that draws, in a module of its own: a spawned worker has to import it by name."""

import random

import numpy as np
import torch


class Numbers:
    """23 samples; each draws on all three generators."""

    def __len__(self):
        return 23

    def __getitem__(self, index):
        return index, random.random(), np.random.rand(), float(torch.rand(()))


def as_list(samples):
    """A collator that draws too."""
    return [list(np.atleast_1d(sample)) for sample in samples] + [[random.random()]]
