"""VQ-VAE: the loss by hand, codes there and back, learning on stripes, the prior and files.

Run: pytest tests/generative/discrete/test_vq_vae.py
"""

import pytest
import torch

from zhnlp.generative.discrete import VQVAE

QUANTIZERS = {"ema": {}, "gradient": {}, "sim": {}, "fsq": {"levels": [3, 3]}}


def small(quantizer="ema", **options):
    torch.manual_seed(0)
    prior = {"width": 16, "heads": 2, "layers": 1}
    options = {"codes": 8, "dim": 4, "hidden": 8, "prior": prior, **QUANTIZERS[quantizer], **options}
    return VQVAE((1, 8, 8), quantizer=quantizer, **options)


def stripes(n=200, seed=0):
    """Pictures whose every 2 × 2 patch is black or white, upright stripes or level ones."""
    random = torch.Generator().manual_seed(seed)
    line = torch.randint(2, (n, 4), generator=random).float()
    upright = torch.rand(n, 1, 1, generator=random) < 0.5
    grid = torch.where(upright, line[:, None, :].expand(n, 4, 4), line[:, :, None].expand(n, 4, 4))
    return grid.repeat_interleave(2, 1).repeat_interleave(2, 2)[:, None]


@pytest.mark.parametrize("quantizer", list(QUANTIZERS))
def test_codes_there_and_back(quantizer):
    model = small(quantizer).eval()
    x = stripes(5)
    codes = model.encode(x)
    assert codes.shape == (5, 4, 4)
    assert codes.min() >= 0
    assert codes.max() < model.quantizer.size
    torch.manual_seed(0)
    rounded = model.quantizer(model.features(x))
    assert torch.equal(rounded.codes, codes)
    assert torch.allclose(model.decode(codes), model._picture(rounded.vectors), atol=1e-6)


def test_the_loss_is_error_codebook_and_quarter_of_commitment():
    model = small("gradient", beta=2.0).eval()
    x = stripes(6)
    losses = model.loss(x)
    z = model.features(x)
    gap = (z - model.quantizer.lookup(model.encode(x))).square().mean()
    rec = (model.decode(model.encode(x)) - x).square().mean()
    assert torch.isclose(losses["rec"], rec)
    assert torch.isclose(losses["loss"], rec + 2 * 1.25 * gap)


def test_the_encoder_gets_the_gradient_of_the_decoders_input():
    model = small("gradient", beta=0.0)
    x = stripes(6)
    z = model.encoder(x).detach().requires_grad_()
    vectors = model.quantizer.lookup(model.quantizer.nearest(z.movedim(1, -1))).detach().requires_grad_()
    below = torch.autograd.grad((model._picture(vectors) - x).square().mean(), vectors)[0]
    rounded = model.quantizer(z.movedim(1, -1)).vectors
    got = torch.autograd.grad((model._picture(rounded) - x).square().mean(), z)[0]
    assert torch.allclose(got.movedim(1, -1), below, atol=1e-8)


@pytest.mark.parametrize("quantizer", list(QUANTIZERS))
def test_stripes_are_learned(quantizer):
    model = small(quantizer).fit(stripes(), epochs=12, batch_size=25, learning_rate=1e-2, progress=False)
    error = (model.decode(model.encode(stripes(50, seed=1))) - stripes(50, seed=1)).square().mean()
    assert error < 0.02


def test_a_prior_learns_how_codes_stand_and_keeps_the_autoencoder():
    model = small().fit(stripes(), epochs=10, batch_size=25, learning_rate=1e-2, progress=False)
    with pytest.warns(UserWarning, match=r"prior over codes is not trained.*fit_prior"):
        model.sample(2, seed=0)
    before = model.decoder[0].weight.clone()
    x = stripes()
    model.fit_prior(x, stripes(50, seed=1), epochs=15, batch_size=25, learning_rate=1e-2, progress=False)
    assert torch.equal(before, model.decoder[0].weight)
    assert not any(value.requires_grad for value in model.prior.parameters())
    report = model.code_report(x)
    assert report["nats_per_code"] < torch.tensor(report["perplexity"]).log() - 0.05
    assert report["used"] >= 2
    assert report["bits_per_dimension"] == pytest.approx(
        report["nats_per_code"] * 16 / 64 / 0.693147, rel=1e-3
    )
    drawn = model.sample(20, seed=0)
    assert drawn.shape == (20, 1, 8, 8)
    assert drawn.min() >= 0
    assert drawn.max() <= 1


def test_files_keep_codes_and_prior(tmp_path):
    model = (
        small().fit(stripes(40), epochs=1, progress=False).fit_prior(stripes(40), epochs=1, progress=False)
    )
    model.save(tmp_path)
    loaded = VQVAE.load(tmp_path)
    assert torch.equal(loaded.encode(stripes(9)), model.encode(stripes(9)))
    assert torch.equal(loaded.sample(3, seed=0), model.sample(3, seed=0))


def test_an_interpolation_goes_through_codes():
    model = small().eval()
    x = stripes(4)
    walk = model.interpolate(x[:2], x[2:], steps=5)
    assert walk.shape == (2, 5, 1, 8, 8)
    assert torch.allclose(walk[:, 0], model.decode(model.encode(x[:2])), atol=1e-6)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"quantizer": "lfq"}, "quantizer='lfq' is not known"),
        ({"quantizer": "fsq"}, "expected 2 or more of each feature"),
        ({"output": "relu"}, "output='relu' is not known"),
        ({"halvings": 4}, "8 × 8 pixels cannot be halved 4 times"),
        ({"shape": (8,)}, "a grid of codes needs pictures"),
    ],
    ids=["quantizer", "levels", "output", "halvings", "shape"],
)
def test_what_cannot_be_is_refused(options, said):
    with pytest.raises(ValueError, match=said):
        VQVAE(**{"shape": (1, 8, 8), **options})
