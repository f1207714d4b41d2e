"""What holds for every member: shapes, gradients reach all parameters, ranges, seeds, files, one shape of figures.

Run: pytest tests/generative/vae/test_family.py
"""

import math
import warnings

import pytest
import torch

from zhnlp.generative.discrete import VQVAE
from zhnlp.generative.vae import VAE, ClusterVAE, ConditionalVAE, DiscreteVAE

SMALL = {"hidden": 16}
PRIOR = {"prior": {"width": 16, "heads": 2}}
MEMBERS = {
    "bernoulli": (VAE, {"likelihood": "bernoulli", **SMALL}),
    "gaussian": (VAE, {"likelihood": "gaussian", "sigma": 0.3, **SMALL}),
    "learned": (VAE, SMALL),
    "categorical": (VAE, {"likelihood": "categorical", "levels": 5, **SMALL}),
    "normalised": (VAE, {"bn_on_mu": True, **SMALL}),
    "several": (VAE, {"n_samples": 3, **SMALL}),
    "conv28": (VAE, {"preset": "conv28", "shape": (1, 28, 28)}),
    "conv64": (VAE, {"preset": "conv64", "shape": (3, 64, 64)}),
    "categorical-conv": (VAE, {"preset": "conv28", "likelihood": "categorical", "levels": 3}),
    "prior-mean": (ConditionalVAE, {"classes": 3, **SMALL}),
    "concat": (ConditionalVAE, {"classes": 3, "mode": "concat", **SMALL}),
    "cluster": (ClusterVAE, {"classes": 3, **SMALL}),
    "cluster-free": (ClusterVAE, {"classes": 3, "learn_variances": True, "learn_shares": True, **SMALL}),
    "cluster-net": (ClusterVAE, {"classes": 3, "posterior": "net", **SMALL}),
    "discrete": (DiscreteVAE, {"variables": 4, "classes": 3, **SMALL}),
    "discrete-hard": (DiscreteVAE, {"variables": 4, "classes": 3, "hard": True, **SMALL}),
    "vq-ema": (VQVAE, {"codes": 8, "hidden": 8, **PRIOR}),
    "vq-gradient": (VQVAE, {"codes": 8, "hidden": 8, "quantizer": "gradient", **PRIOR}),
    "vq-sim": (VQVAE, {"codes": 8, "hidden": 8, "quantizer": "sim", **PRIOR}),
    "vq-fsq": (VQVAE, {"quantizer": "fsq", "levels": [4, 4], "hidden": 8, **PRIOR}),
    "vq-blocks": (
        VQVAE,
        {"codes": 8, "hidden": 8, "blocks": 1, "halvings": 2, "shape": (3, 28, 28), **PRIOR},
    ),
}


@pytest.fixture(params=list(MEMBERS))
def member(request):
    kind, options = MEMBERS[request.param]
    torch.manual_seed(0)
    model = kind(**{"shape": (1, 8, 8), **options})
    x = torch.rand(6, *model.shape, generator=torch.Generator().manual_seed(1))
    return model, x, torch.arange(6) % 3 if kind.takes_labels else None


def test_the_loss_is_one_number_and_reaches_every_parameter(member):
    model, x, y = member
    losses = model.train()(x, y)
    assert all(value.ndim == 0 and value.isfinite() for value in losses.values())
    losses["loss"].backward()
    unreached = [
        name
        for name, value in model.named_parameters()
        if value.requires_grad and (value.grad is None or not value.grad.abs().sum() > 0)
    ]
    if isinstance(
        model, VQVAE
    ):  # residual blocks begin as the identity: only their last layer has a gradient yet
        unreached = [name for name in unreached if ".change." not in name]
    assert unreached == []


def test_samples_are_in_range_and_hang_on_the_seed(member):
    model, _, _ = member
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        first, again, other = model.sample(4, seed=0), model.sample(4, seed=0), model.sample(4, seed=1)
    assert first.shape == (4, *model.shape)
    assert first.min() >= 0
    assert first.max() <= 1
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_a_code_is_decoded_to_a_picture(member):
    model, x, y = member
    labels = () if y is None else (y,)
    model.eval()
    assert model.decode(model.encode(x, *labels), *labels).shape == x.shape


def test_a_bound_is_one_number_a_row(member):
    model, x, y = member
    if isinstance(model, VQVAE):
        pytest.skip("an autoencoder has no bound")
    bounds = model.bound(x, y, samples=2)
    assert bounds.shape == (6,)
    assert all(map(math.isfinite, bounds.tolist()))
    assert torch.equal(bounds, model.bound(x, y, samples=2))


def test_files_keep_the_model(member, tmp_path):
    model, x, y = member
    model.save(tmp_path)
    loaded = type(model).load(tmp_path)
    labels = () if y is None else (y,)
    model.eval()
    assert torch.equal(loaded.encode(x, *labels), model.encode(x, *labels))


def test_a_short_fit_says_its_figures_and_can_be_repeated(member):
    model, x, y = member
    kind = type(model)
    start = {name: value.clone() for name, value in model.state_dict().items()}
    training = {"epochs": 1, "batch_size": 3, "labels": y, "progress": False}
    if kind is ClusterVAE:
        model.pretrain_epochs = 1
    model.fit(x, **training)
    first = {name: value.clone() for name, value in model.state_dict().items()}
    assert math.isfinite(model.history_[-1]["loss"])
    assert model.history_[-1]["rec"] == pytest.approx(model.history_[-1]["rec"])
    model.load_state_dict(start)
    model.fit(x, **training)
    assert all(torch.equal(first[name], value) for name, value in model.state_dict().items())
