"""Captured tensors: exact, named, gone after the context.

Run: pytest tests/training/test_capture.py
"""

import pytest
import torch
from problems import tiny_bert
from torch import nn

from zhnlp.training.capture import capture, record


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = nn.Linear(3, 3)

    def forward(self, x, scale=1.0):
        self.squared = self.inner(x) ** 2
        return record("normal", self.squared / self.squared.sum(-1, keepdim=True)) * scale


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.layers = nn.ModuleList(Block() for _ in range(2))

    def forward(self, x):
        for layer in self.layers:
            x = layer(x, scale=2.0)
        return x


X = torch.arange(6.0).view(2, 3)


def hooks(model):
    return sum(len(module._forward_hooks) + len(module._forward_pre_hooks) for module in model.modules())


def test_outputs_inputs_and_attributes_are_those_of_a_hand_written_forward():
    net = Net()
    squared = (X @ net.layers[0].inner.weight.T + net.layers[0].inner.bias) ** 2
    normal = squared / squared.sum(-1, keepdim=True)
    with capture(net, "layers.*") as outputs:
        net(X)
    assert list(outputs) == ["normal", "layers.0", "normal#2", "layers.1"]  # in the order they came about
    assert outputs["layers.0"].equal(normal * 2) and outputs["normal"].equal(normal)
    assert not outputs["layers.0"].requires_grad
    with capture(net, "layers.*.squared", what="attr") as attributes:
        net(X)
    assert attributes["layers.0.squared"].equal(squared)
    with capture(net, ["layers.*", "**.inner"], what="input") as given:
        net(X)
    assert given["layers.1"][0].equal(normal * 2) and given["layers.1"]["scale"] == 2.0
    assert given["layers.0.inner"].equal(X)
    assert hooks(net) == 0


def test_attention_layers_of_a_transformers_model():
    model = tiny_bert().bert.eval()
    ids = torch.randint(60, (2, 8))
    with capture(model, "encoder.layer.*.attention.self", cpu=True) as seen:
        model(input_ids=ids)
    assert list(seen) == ["encoder.layer.0.attention.self", "encoder.layer.1.attention.self"]
    context, attention = seen["encoder.layer.1.attention.self"]
    assert context.shape == (2, 8, 32)
    assert torch.allclose(attention.sum(-1), torch.ones(2, 2, 8), atol=1e-6)
    with capture(model, "embeddings") as seen:
        wanted = model(input_ids=ids).last_hidden_state
    layers = seen["embeddings"]
    for layer in model.encoder.layer:
        given = layer(layers)
        layers = given[0] if isinstance(given, tuple) else given
    assert layers.equal(wanted)


def test_without_detach_the_tensor_can_be_differentiated():
    net = Net()
    with capture(net, "layers.0.inner", detach=False) as seen:
        out = net(X)
    (gradient,) = torch.autograd.grad(out[:, 0].sum(), seen["layers.0.inner"])
    assert gradient.shape == (2, 3) and gradient.abs().sum() > 0


def test_two_contexts_and_calls_of_the_same_name():
    net = Net()
    with capture(net, "layers.0") as outer, capture(net, "layers.1") as inner:
        net(X)
        net(X + 1)
    assert {"layers.0", "layers.0#2"} <= set(outer) and "layers.1" not in outer
    assert {"layers.1", "layers.1#2"} <= set(inner)
    assert not outer["layers.0"].equal(outer["layers.0#2"])
    assert record("nobody listens", X) is X
    assert "nobody listens" not in outer


def test_hooks_are_gone_after_an_error():
    net = Net()
    with pytest.raises(RuntimeError), capture(net, "layers.*"):
        net(torch.zeros(1, 4))
    with pytest.raises(ValueError), capture(net, ["layers.*", "nothing"]):
        pass
    assert hooks(net) == 0


def test_refusals():
    model = tiny_bert()
    with (
        pytest.raises(
            ValueError, match=r"but 'bert.encoder.layer.0.attention' is.*'\*\*encoder.layer.\*.attention'"
        ),
        capture(model, "encoder.layer.*.attention"),
    ):
        pass
    with (
        pytest.raises(ValueError, match=r"no module is called 'clasifier': expected a name .*'classifier'"),
        capture(model, "clasifier"),
    ):
        pass
    with pytest.raises(ValueError, match="what got 'grad'"), capture(model, "classifier", what="grad"):
        pass
    with (
        pytest.raises(AttributeError, match="has no attribute 'scores' after its forward pass"),
        capture(model, "classifier.scores", what="attr"),
    ):
        model(input_ids=torch.ones(1, 4, dtype=torch.long))
