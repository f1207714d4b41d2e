"""What holds for every generative model, whatever its theory: one loss, one fit, samples by seed, files.

Run: pytest tests/generative/test_family.py
"""

import math
import warnings

import pytest
import torch

from zhnlp.generative.adversarial import AdversarialModel
from zhnlp.generative.discrete import VQVAE
from zhnlp.generative.discrete.code_prior import CodePrior
from zhnlp.generative.energy import EBM
from zhnlp.generative.flow import FVAE, Glow, RealNVP
from zhnlp.generative.gan import AAE, GAN, WGAN, BiGAN
from zhnlp.generative.vae import VAE, ClusterVAE, ConditionalVAE, DiscreteVAE

IMAGE = {"shape": (1, 8, 8)}
SMALL = {**IMAGE, "hidden": 16}
CODES = {**IMAGE, "hidden": 8, "prior": {"width": 16, "heads": 2}}
LEVELS = {**IMAGE, "levels": 17, "couplings": 2, "hidden": 16}
FEW = {"buffer_size": 20, "hidden": 16, "sampler": {"steps": 3}}
POINTS = {"shape": (2,), "latent": 3, "hidden": [16, 16]}
GRID = {"shape": (4, 4), "size": 8, "width": 16, "heads": 2}
DRAWN = {**IMAGE, "latent": 3, "preset": "conv28", "hidden": 64}
MEMBERS = {
    "vae": (VAE, SMALL),
    "vae-bernoulli": (VAE, {**SMALL, "likelihood": "bernoulli"}),
    "vae-gaussian": (VAE, {**SMALL, "likelihood": "gaussian", "sigma": 0.3}),
    "vae-categorical": (VAE, {**SMALL, "likelihood": "categorical", "levels": 5}),
    "vae-tanh": (VAE, {**SMALL, "output": "tanh"}),
    "vae-normalised": (VAE, {**SMALL, "bn_on_mu": True}),
    "vae-several": (VAE, {**SMALL, "n_samples": 3}),
    "vae-conv28": (VAE, {"shape": (1, 28, 28), "preset": "conv28", "hidden": 64}),
    "vae-conv64": (VAE, {"shape": (3, 64, 64), "preset": "conv64", "hidden": 64}),
    "conditional": (ConditionalVAE, {**SMALL, "classes": 3}),
    "conditional-concat": (ConditionalVAE, {**SMALL, "classes": 3, "mode": "concat"}),
    "cluster": (ClusterVAE, {**SMALL, "classes": 3, "pretrain_epochs": 1}),
    "cluster-free": (
        ClusterVAE,
        {**SMALL, "classes": 3, "learn_variances": True, "learn_shares": True, "pretrain_epochs": 0},
    ),
    "cluster-net": (ClusterVAE, {**SMALL, "classes": 3, "posterior": "net", "pretrain_epochs": 0}),
    "discrete": (DiscreteVAE, {**SMALL, "variables": 4, "classes": 3}),
    "discrete-hard": (DiscreteVAE, {**SMALL, "variables": 4, "classes": 3, "hard": True}),
    "vq-ema": (VQVAE, {**CODES, "codes": 8}),
    "vq-gradient": (VQVAE, {**CODES, "codes": 8, "quantizer": "gradient"}),
    "vq-sim": (VQVAE, {**CODES, "codes": 8, "quantizer": "sim"}),
    "vq-fsq": (VQVAE, {**CODES, "quantizer": "fsq", "levels": [4, 4]}),
    "vq-blocks": (VQVAE, {**CODES, "codes": 8, "blocks": 1, "halvings": 2}),
    "code-prior": (CodePrior, GRID),
    "real-nvp": (RealNVP, {"shape": (2,), "couplings": 2, "hidden": 16}),
    "real-nvp-levels": (RealNVP, LEVELS),
    "glow": (Glow, {**IMAGE, "blocks": 1, "width": 8, "levels": 17}),
    "f-vae": (FVAE, LEVELS),
    "f-vae-head": (FVAE, {**LEVELS, "latent": 4, "sigma1": "head", "sigma2": "per_dim"}),
    "f-vae-conv": (FVAE, {**LEVELS, "preset": "conv", "scales": 1, "blocks": 1}),
    "ebm": (EBM, {"shape": (2,), **FEW}),
    "ebm-conv": (EBM, {**IMAGE, **FEW, "preset": "conv", "hidden": 8, "spectral_norm": True}),
    "score-matching": (EBM, {"shape": (2,), **FEW, "objective": "score"}),
    "gan": (GAN, POINTS),
    "gan-f": (GAN, {**POINTS, "loss": "f:js"}),
    "gan-hinge": (GAN, {**POINTS, "loss": "hinge", "constraint": "sn", "options": {"scale": 2.0}}),
    "gan-r1+r2": (GAN, {**POINTS, "constraint": "r1+r2"}),
    "wgan": (WGAN, POINTS),
    "wgan-clip": (WGAN, {**POINTS, "constraint": "clip"}),
    "wgan-gp": (WGAN, {**POINTS, "constraint": "gp", "options": {"at": "mixed"}}),
    "wgan-image": (WGAN, {**DRAWN, "output": "sigmoid", "norm": True}),
    "aae": (AAE, POINTS),
    "aae-image": (AAE, {**DRAWN, "output": "tanh", "noise": 0.1}),
    "bigan": (BiGAN, POINTS),
    "ali": (BiGAN, {**POINTS, "loss": "min-max", "stochastic": True}),
    "bigan-image": (BiGAN, {**DRAWN, "loss": "symmetric-log"}),
}
CONSTANT = {"score-matching": ["network.network.5.bias"]}  # only slopes of the energy are looked at


def make(name):
    kind, options = MEMBERS[name]
    torch.manual_seed(0)
    return kind(**options)


def rows(model, n=8):
    """Data of the kind that the model learns from, and labels where it takes them."""
    random = torch.Generator().manual_seed(1)
    if isinstance(model, CodePrior):
        x = torch.randint(model.size, (n, *model.shape), generator=random)
    else:
        x = torch.randint(17, (n, *model.shape), generator=random) / 16
    return x, torch.arange(n) % 3 if model.takes_labels else None


def fitted(name):
    model = make(name)
    x, y = rows(model)
    training = {"steps": 2} if isinstance(model, AdversarialModel) else {"epochs": 1}
    return model.fit(x, labels=y, batch_size=4, seed=3, progress=False, **training)


def sample(model, n=4, seed=0):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a VQ-VAE says that its prior is not trained
        return model.sample(n, seed=seed, **({"steps": 5} if isinstance(model, EBM) else {}))


@pytest.fixture(params=list(MEMBERS))
def member(request):
    return request.param


def test_the_loss_is_one_number_and_reaches_every_parameter(member):
    model = make(member).train()
    x, y = rows(model, 64)
    with torch.no_grad():  # away from layers that begin as the identity and hide what is behind them
        for parameter in model.parameters():
            parameter.add_(0.02 * torch.randn_like(parameter))
    figures = model(x, y)
    assert all(value.ndim == 0 and value.isfinite() for value in figures.values())
    loss = figures["loss"] + figures.get("critic_loss", 0.0)
    loss.backward()
    asleep = [
        name
        for name, value in model.named_parameters()
        if value.requires_grad and (value.grad is None or not value.grad.abs().sum() > 1e-9)
    ]
    assert asleep == CONSTANT.get(member, [])
    assert all(value.grad.isfinite().all() for value in model.parameters() if value.grad is not None)


def test_samples_have_shape_and_range_and_hang_on_the_seed(member):
    model = make(member).train()
    first, again, other = (sample(model, seed=seed) for seed in (0, 0, 1))
    assert first.shape == (4, *model.shape)
    assert not first.requires_grad
    assert model.training
    low, high = model.value_range
    assert low <= first.min() and first.max() <= high
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_a_likelihood_is_one_number_a_row(member):
    model = make(member).eval()
    x, y = rows(model, 5)
    figures = []
    if hasattr(model, "bound"):
        figures.append(model.bound(x, y, samples=2))
        assert torch.equal(figures[0], model.bound(x, y, samples=2))
    if hasattr(model, "log_prob") and getattr(model, "levels", None) is None and member != "ebm-conv":
        figures.append(model.log_prob(x))  # of an energy in the plane only
    assert figures or isinstance(model, (VQVAE, AdversarialModel)) or member == "ebm-conv"
    for figure in figures:
        assert figure.shape == (5,)
        assert figure.isfinite().all()


def test_a_code_is_decoded_to_an_example(member):
    model = make(member).train()
    if not hasattr(model, "encode"):
        assert isinstance(model, (EBM, GAN, CodePrior))
        return
    x, y = rows(model, 5)
    labels = () if y is None else (y,)
    code = model.encode(x, *labels)
    assert len(code) == 5
    assert torch.equal(code, model.encode(x, *labels))
    made = model.decode(code, *labels)
    assert made.shape == x.shape
    assert not (code.requires_grad or made.requires_grad)
    assert model.training


def test_a_short_fit_moves_the_weights_can_be_repeated_and_kept(member, tmp_path):
    model, again = fitted(member), fitted(member)
    before, after = make(member).state_dict(), model.state_dict()
    assert not model.training
    assert int(model.steps) >= 2
    assert all(math.isfinite(value) for line in model.history_ for value in line.values())
    assert any(not torch.equal(before[name], after[name]) for name in after if name != "steps")
    assert all(torch.equal(after[name], value) for name, value in again.state_dict().items())
    model.save(tmp_path)
    loaded = type(model).load(tmp_path)
    assert not loaded.training
    assert (loaded.shape, loaded.value_range) == (model.shape, model.value_range)
    assert torch.equal(sample(loaded), sample(model))


def test_unfit_data_is_refused_in_the_same_words(member):
    model = make(member)
    x, y = rows(model)
    if model.takes_labels:
        with pytest.raises(ValueError, match=f"{type(model).__name__} learns from labels too"):
            model.fit(x)
    with pytest.raises(ValueError, match="a row has shape"):
        model.fit(x.flatten(1)[:, :1], labels=y)
    with pytest.raises(ValueError, match="one row or more"):
        model.fit(x[:0], labels=y)
    if math.isfinite(model.value_range[1]):
        with pytest.raises(ValueError, match=r"the data goes from 0 to .*: expected"):
            model.fit(x * 20, labels=y)
