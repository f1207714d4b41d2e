"""Texts with a planted word, and a small random checkpoint in a folder."""

import numpy as np
import pytest
from small_models import CHARACTERS, save_checkpoint


@pytest.fixture(scope="session")
def bert(tmp_path_factory):
    """Folder of a BERT of two layers, with random weights."""
    folder = tmp_path_factory.mktemp("bert")
    save_checkpoint(folder, "bert", initializer_range=0.1)
    return str(folder)


@pytest.fixture(scope="session")
def planted():
    """(texts, labels): half of them hold 电, the others 网; labels are "电" and "网"."""
    random = np.random.default_rng(0)
    others = [character for character in CHARACTERS if character not in "电网"]
    texts, labels = [], []
    for number in range(48):
        label = "电网"[number % 2]
        words = random.choice(others, random.integers(3, 9)).tolist()
        words.insert(int(random.integers(len(words))), label * 2)
        texts.append("".join(words))
        labels.append(label)
    return texts, labels
