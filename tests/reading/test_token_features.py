"""What an encoder is given of each token besides its id.

Run: pytest tests/reading/test_token_features.py
"""

import numpy as np
import pytest
import torch

from zhnlp.reading.engines.base import Row
from zhnlp.reading.engines.encoder import EncoderEngine
from zhnlp.reading.features import hand_features


def test_an_encoder_is_told_of_each_token_what_its_first_character_has():
    engine = EncoderEngine.new(dgcnn=True, hand_features=True)
    question, passage = "iphone在哪里？", "用 iphone 的人在城东"
    (reading,) = engine.read(question, [passage])
    expected = hand_features(list(question), [list(passage)], per="character")[0]
    first = [start for start, _ in reading.passage.offsets.tolist()]
    np.testing.assert_allclose(reading.features, expected[first], atol=1e-3)
    batch = engine.batch([Row(reading, 1, len(reading.passage)), Row(reading, 0, 2)])
    assert batch["features"].shape == (*batch["input_ids"].shape, 8)
    beside = (
        batch["features"].abs().sum(-1) > 0
    )  # of every token an edit distance at least, nothing elsewhere
    assert torch.equal(beside, batch["passage_mask"] == 1)
    with pytest.raises(ValueError, match="features got None"):
        engine.network(batch["input_ids"], passage_mask=batch["passage_mask"])
