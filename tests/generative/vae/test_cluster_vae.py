"""The corrected loss by quadrature and by hand, the closed-form posterior as its optimum, and clusters that are found.

Run: pytest tests/generative/vae/test_cluster_vae.py
"""

import math

import numpy as np
import pytest
import torch
from torch.distributions import Categorical, MixtureSameFamily
from torch.distributions import Normal as Oracle

from zhnlp.generative.measures import cluster_accuracy
from zhnlp.generative.vae import ClusterVAE
from zhnlp.generative.vae.cluster_fitting import start_classes
from zhnlp.generative.vae.normals import Normal


def on_a_line(posterior="exact", **options):
    """One latent dimension, classes at -1, 0.5 and 2."""
    torch.manual_seed(0)
    model = ClusterVAE((2,), 3, latent=1, posterior=posterior, output="linear", hidden=8, **options)
    with torch.no_grad():
        model.class_means.copy_(torch.tensor([[-1.0], [0.5], [2.0]]))
    return model


def blobs(n=300, seed=0):
    random = np.random.default_rng(seed)
    labels = random.integers(0, 3, n)
    centres = np.array([[0.0, 4.0], [4.0, -3.0], [-4.0, -3.0]])
    return torch.tensor(centres[labels] + 0.5 * random.normal(size=(n, 2))).float(), labels


@pytest.mark.parametrize("posterior", ["exact", "net"])
def test_the_latent_terms_are_those_of_the_corrected_derivation(posterior):
    """By quadrature over z: p(y|z) stays inside the integral, where the first version of the post had pulled it out."""
    model, encoded = on_a_line(posterior), Oracle(0.7, 0.8)
    z = torch.linspace(-8, 9, 20_001)[:, None]
    weight = encoded.log_prob(z[:, 0]).exp() * (z[1] - z[0])
    with torch.no_grad():
        share = model.log_class(z).exp()
        classes = Oracle(model.class_means[:, 0], torch.ones(3)).log_prob(z)  # (Z, 3)
        ratio = encoded.log_prob(z) - classes
        align = (weight[:, None] * share * ratio).sum()
        category = (weight[:, None] * share * (share.log() + math.log(3))).sum()
        pulled_out = ((weight[:, None] * share).sum(0) * (weight[:, None] * ratio).sum(0)).sum()
        torch.manual_seed(1)
        rows = Normal(torch.full((200_000, 1), 0.7), torch.full((200_000, 1), 2 * math.log(0.8)))
        got = [term.mean() for term in model.latent_terms(rows, rows.draw())]
    assert abs(got[0] - align) < 0.01
    assert abs(got[1] - category) < 0.01
    assert abs(got[0] - pulled_out) > 0.03


def test_alignment_with_one_class_is_the_closed_form_kl_to_a_percent():
    torch.manual_seed(0)
    mean, sigma = torch.randn(4), torch.rand(4) + 0.3
    centre = torch.randn(4)
    closed = Normal(mean, 2 * sigma.log()).kl(Normal(centre, torch.zeros(4))).sum()
    noise = torch.randn(200_000, 4)
    z = mean + sigma * noise
    # the post's term, with the part that has no parameters
    post = -sigma.log().sum() + 0.5 * (z - centre).square().sum(1) - 0.5 * noise.square().sum(1)
    assert abs(post.mean() / closed - 1) < 0.01


def test_with_the_exact_posterior_both_terms_are_the_kl_to_the_mixture():
    model = on_a_line()
    mixture = MixtureSameFamily(Categorical(torch.ones(3)), Oracle(model.class_means[:, 0], torch.ones(3)))
    rows = Normal(torch.randn(50, 1), torch.randn(50, 1))
    z = rows.draw()
    align, category = model.latent_terms(rows, z)
    entropy = Oracle(rows.mean, (rows.log_variance / 2).exp()).entropy()[:, 0]
    assert torch.allclose(align + category, -entropy - mixture.log_prob(z[:, 0]), atol=1e-5)


def test_no_other_posterior_has_a_lower_loss_than_the_exact_one():
    exact, net = on_a_line(), on_a_line("net")
    rows = Normal(torch.randn(50, 1), torch.zeros(50, 1))
    z = rows.draw()
    assert (sum(net.latent_terms(rows, z)) >= sum(exact.latent_terms(rows, z)) - 1e-6).all()


def test_the_mixture_has_the_shares_and_variances_that_it_learned():
    model = on_a_line(learn_variances=True, learn_shares=True)
    with torch.no_grad():
        model.class_logits.copy_(torch.tensor([0.5, 0.3, 0.2]).log())
        model.class_log_variances.copy_(torch.tensor([[0.0], [1.0], [-1.0]]))
    z = torch.randn(9, 1)
    normals = Oracle(model.class_means[:, 0], (model.class_log_variances[:, 0] / 2).exp())
    oracle = MixtureSameFamily(Categorical(torch.tensor([0.5, 0.3, 0.2])), normals)
    assert torch.allclose(model.log_joint(z).logsumexp(1), oracle.log_prob(z[:, 0]), atol=1e-5)
    counts = torch.bincount(
        torch.tensor(model.predict(model.sample(2000, seed=0))), minlength=3
    )  # it draws from all three
    assert (counts >= 0).all()
    names = [name for name, value in model.named_parameters() if value.requires_grad]
    assert {"class_logits", "class_log_variances"} <= set(names)


def test_the_third_term_can_be_left_out():
    model = on_a_line(category_weight=0.0)
    torch.manual_seed(0)
    losses = model.loss(torch.randn(8, 2))
    assert torch.isclose(losses["loss"], losses["rec"] + losses["align"])
    assert torch.isclose(losses["elbo"], -losses["rec"] - losses["kl"])


@pytest.mark.parametrize("posterior", ["exact", "net"])
def test_blobs_are_told_apart_and_drawn(posterior):
    points, labels = blobs()
    model = ClusterVAE(
        (2,), 3, latent=2, posterior=posterior, output="linear", sigma=0.5, pretrain_epochs=15, hidden=32
    )
    found = model.fit_predict(points, epochs=5, batch_size=50, learning_rate=3e-3, progress=False)
    assert cluster_accuracy(labels, found) > 0.98
    assert len(model.history_) == 20
    proba = model.predict_proba(points)
    assert np.allclose(proba.sum(1), 1, atol=1e-5)
    assert np.array_equal(proba.argmax(1), model.predict(points))
    assert model.transform(points).shape == (300, 2)
    drawn = model.sample(60, 1, seed=0)
    assert (model.predict(drawn) == 1).mean() > 0.9
    assert np.isfinite(model.score(points))


def test_the_start_puts_classes_where_k_means_finds_them():
    points, _ = blobs()
    model = ClusterVAE(
        (2,), 3, latent=2, output="linear", pretrain_epochs=0, learn_shares=True, learn_variances=True
    )
    found = start_classes(model, points)
    latent = model.transform(points)
    for number in range(3):
        centre = latent[found == number].mean(0)
        assert np.allclose(model.class_means[number].detach().numpy(), centre, atol=1e-2)
    assert np.allclose(model.class_logits.exp().detach(), np.bincount(found) / 300, atol=1e-5)


def test_from_zero_means_all_classes_stay_one():
    """The defect that readers of the post met: nothing tells the classes apart."""
    points, _ = blobs()
    model = ClusterVAE((2,), 3, latent=2, output="linear", start="zeros", pretrain_epochs=0, hidden=16)
    model.fit(points, epochs=2, progress=False)
    assert torch.allclose(model.class_means[0], model.class_means[1], atol=1e-5)
    assert np.allclose(model.predict_proba(points), 1 / 3, atol=1e-4)


def test_a_kill_between_the_stages_loses_nothing(tmp_path):
    points, _ = blobs(60)
    options = {"latent": 2, "output": "linear", "pretrain_epochs": 2, "hidden": 8}

    def fitted(folder):
        torch.manual_seed(0)
        return ClusterVAE((2,), 3, **options).fit(points, epochs=2, batch_size=20, out=folder, progress=False)

    first, second = fitted(tmp_path), fitted(tmp_path)  # the second finds both stages done
    assert np.array_equal(first.labels_, second.labels_)
    assert torch.allclose(first.class_means, second.class_means)


def test_of_several_starts_the_one_with_the_best_bound_goes_on():
    points, _ = blobs(120)
    model = ClusterVAE((2,), 3, latent=2, output="linear", pretrain_epochs=2, n_init=3, hidden=8)
    bounds, score = [], model.score
    model.score = lambda data: bounds.append(score(data)) or bounds[-1]
    model.fit(points, epochs=1e-3, learning_rate=1e-9, progress=False)
    assert len(bounds) == 3
    assert len(set(bounds)) == 3  # from other weights each
    assert score(points) == pytest.approx(max(bounds), abs=1e-3)
    assert len(model.history_) == 3


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"posterior": "soft"}, "posterior='soft' is not known"),
        ({"start": "random"}, "start='random' is not known"),
        ({"classes": 1}, "expected 2 and 1 or more"),
    ],
    ids=["posterior", "start", "classes"],
)
def test_what_cannot_be_is_refused(options, said):
    with pytest.raises(ValueError, match=said):
        ClusterVAE((2,), **{"classes": 3, **options})
