"""The fused reading of DGCNN: the network itself as oracle, in both forms, with padding, with one question and several.

Run: pytest tests/models/test_fused_dgcnn.py
"""

import pytest
import torch

from zhnlp.models.dgcnn_reader import DGCNNConfig, DGCNNReader
from zhnlp.models.fused_dgcnn import FusedDGCNN


def made(form, **sizes):
    torch.manual_seed(0)
    words = {"words": 6, "word_size": 5}
    model = DGCNNReader(DGCNNConfig.of_form(form, vocab_size=20, hidden_size=16, **words, **sizes)).eval()
    model.embedding.set_words(torch.randn(6, 5))
    for name, parameter in model.named_parameters():  # large enough for differences to show
        if "embedding" not in name:
            torch.nn.init.normal_(parameter, std=0.3)
    return model


def batch(model, same):
    """Five rows of 1 to 9 units, the last of them without any; questions 0, 0, 1, 1, 2, or all the same one."""
    torch.manual_seed(1)
    lengths = torch.tensor([9, 4, 1, 7, 0])
    mask = (torch.arange(9) < lengths[:, None]).long()
    asked = torch.tensor([0] * 5 if same else [0, 0, 1, 1, 2])
    questions = torch.tensor([[3, 4, 5, 0], [3, 4, 6, 7], [8, 0, 0, 0]])[asked]
    made = {
        "question_ids": questions,
        "question_mask": (questions != 0).long(),
        "passage_ids": torch.randint(1, 20, (5, 9)) * mask,
        "passage_mask": mask,
        "question_words": torch.tensor([[1, 1, 2, 0], [1, 1, 3, 3], [6, 0, 0, 0]])[asked],
        "passage_words": torch.randint(0, 7, (5, 9)) * mask,
    }
    if model.config.features:
        made["features"] = torch.rand(5, 9, model.config.features)
    return made


@pytest.mark.parametrize("same", [True, False], ids=["one question", "several"])
@pytest.mark.parametrize("form, sizes", [("6906", {}), ("6906", {"features": 10}), ("5409", {})])
def test_it_says_what_the_network_says(form, sizes, same):
    model = made(form, **sizes)
    inputs = batch(model, same)
    with torch.inference_mode():
        expected, found = model(**inputs), FusedDGCNN(model, torch.float32)(**inputs)
    for name in ("start", "end", "passage"):
        torch.testing.assert_close(
            found[name], expected[name], rtol=1e-4, atol=1e-3
        )  # the network itself is .0004 off its own in float64
    assert (expected["start"][0] - expected["start"][0, 0]).abs().max() > 0.1


def test_bfloat16_is_as_near_as_autocast_is():
    model = made("6906", features=8)
    inputs = batch(model, True)
    with torch.inference_mode():
        exact = model(**inputs)
        with torch.autocast("cpu", torch.bfloat16):
            cast = model(**inputs)
        found = FusedDGCNN(model, torch.bfloat16)(**inputs)
    real = inputs["passage_mask"] == 1
    far, allowed = ((one["start"] - exact["start"])[real].abs().max() for one in (found, cast))
    assert far < 2 * allowed + 0.02
    assert found["start"].dtype == torch.float32
