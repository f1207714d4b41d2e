"""Noise contrast: formulas in numpy, known densities and their log Z, PMI of counted pairs, refusals.

Run: pytest tests/nn/losses/test_noise_contrast.py
"""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch.autograd import gradcheck
from torch.distributions import Categorical, Normal

from zhnlp.nn.losses.binary_nce import binary_nce
from zhnlp.nn.losses.info_nce import info_nce, mutual_information_bound
from zhnlp.nn.losses.log_partition import estimate_log_z
from zhnlp.nn.losses.nce import MODES, NCE
from zhnlp.nn.losses.pmi import pmi
from zhnlp.nn.losses.ranking_nce import ranking_nce
from zhnlp.nn.losses.sampled_softmax import sampled_softmax


def samples(dtype=torch.float64):
    """Scores and log-chances of 4 data and 3 noise samples each."""
    torch.manual_seed(0)
    data, noise = torch.randn(4, dtype=dtype), torch.randn(4, 3, dtype=dtype)
    return data, noise, -torch.rand(4, dtype=dtype), -torch.rand(4, 3, dtype=dtype)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


class TestFormulas:
    def test_binary(self):
        data, noise, data_q, noise_q = (value.numpy() for value in samples())
        of_data = sigmoid(data - 0.3 - np.log(3 * np.exp(data_q)))
        of_noise = sigmoid(noise - 0.3 - np.log(3 * np.exp(noise_q)))
        expected = -np.log(of_data).mean() - np.log(1 - of_noise).sum(1).mean()
        assert binary_nce(*samples(), log_z=0.3).item() == pytest.approx(expected)
        plain = -np.log(sigmoid(data - 0.3)).mean() - np.log(1 - sigmoid(noise - 0.3)).sum(1).mean()
        assert binary_nce(*samples()[:2], log_z=0.3).item() == pytest.approx(plain)

    def test_ranking(self):
        data, noise, data_q, noise_q = (value.numpy() for value in samples())
        top, rest = np.exp(data - data_q), np.exp(noise - noise_q).sum(1)
        assert ranking_nce(*samples()).item() == pytest.approx(-np.log(top / (top + rest)).mean())

    def test_sampled_softmax(self):
        data, noise, data_q, noise_q = samples()
        hits = torch.zeros(4, 3, dtype=torch.bool)
        hits[0, 1] = True
        rest = (np.exp((noise - noise_q).numpy()) / 3 * ~hits.numpy()).sum(1)
        expected = (-data.numpy() + np.log(np.exp(data.numpy()) + rest)).mean()
        assert sampled_softmax(data, noise, noise_q, hits=hits).item() == pytest.approx(expected)
        mended = sampled_softmax(data, noise, noise_q, data_log_q=data_q)
        assert mended.item() == pytest.approx(ranking_nce(data, noise, data_q, noise_q).item())

    def test_info_nce(self):
        scores = samples()[1]
        terms = np.exp(scores.numpy())
        chance = terms / terms.sum(1, keepdims=True)
        target = torch.tensor([2, 0, 1, 1])
        expected = -np.log(chance[range(4), target.numpy()]).mean()
        assert info_nce(scores, target).item() == pytest.approx(expected)

    def test_gradients_are_the_numerical_ones(self):
        data, noise, data_q, noise_q = samples()
        log_z = torch.tensor(0.2, dtype=torch.float64)
        inputs = [value.requires_grad_() for value in (data, noise, log_z)]
        assert gradcheck(lambda a, b, z: binary_nce(a, b, data_q, noise_q, log_z=z), inputs)
        assert gradcheck(lambda a, b: ranking_nce(a, b, data_q, noise_q), inputs[:2])
        assert gradcheck(lambda a, b: sampled_softmax(a, b, noise_q), inputs[:2])

    @pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
    def test_large_scores_in_half_precision_stay_finite(self, dtype):
        data = torch.tensor([-3e4, 3e4], dtype=dtype, requires_grad=True)
        noise, log_q = torch.full((2, 3), 3e4, dtype=dtype), torch.full((2, 3), -20.0, dtype=dtype)
        for loss in (
            binary_nce(data, noise, log_q[:, 0], log_q),
            ranking_nce(data, noise, log_q[:, 0], log_q),
            sampled_softmax(data, noise, log_q),
        ):
            (slope,) = torch.autograd.grad(loss, data)
            assert loss.dtype == torch.float32 and loss.isfinite() and slope.isfinite().all()


def test_with_all_wrong_ones_as_noise_sampled_softmax_is_the_whole_softmax():
    logits = torch.randn(5, 9, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    target = torch.tensor([8, 0, 4, 4, 2])
    wrong = torch.stack([torch.tensor([c for c in range(9) if c != right]) for right in target])
    log_q = torch.full((5, 8), -math.log(8), dtype=torch.float64)  # each is drawn once in 8 draws
    found = sampled_softmax(logits.gather(1, target[:, None])[:, 0], logits.gather(1, wrong), log_q)
    torch.testing.assert_close(found, F.cross_entropy(logits, target))


def test_the_sum_over_noise_has_the_mean_of_the_sum_over_all_wrong_ones():
    torch.manual_seed(0)
    logits, noise = torch.randn(6), Categorical(torch.tensor([0.5, 0.2, 0.1, 0.1, 0.05, 0.05]))
    drawn = noise.sample((20_000, 4))
    found = [
        sampled_softmax(logits[:1], logits[row][None], noise.log_prob(row)[None], hits=row[None] == 0)
        for row in drawn[:2000]
    ]
    total = (torch.stack(found) + logits[0]).exp().mean()
    assert total.item() == pytest.approx(logits.exp().sum().item(), rel=0.05)


class TestInformation:
    def test_no_bound_exceeds_log_n(self):
        scores = 50 * torch.eye(8)
        assert mutual_information_bound(info_nce(scores), 8) == pytest.approx(math.log(8))

    def test_the_bound_of_a_gaussian_is_near_and_below_its_information(self):
        torch.manual_seed(0)
        r = 0.8
        x = torch.randn(64, 256)
        y = r * x + (1 - r**2) ** 0.5 * torch.randn(64, 256)
        conditional = Normal(r * x[:, :, None], (1 - r**2) ** 0.5)
        scores = conditional.log_prob(y[:, None]) - Normal(0.0, 1.0).log_prob(y[:, None])
        loss = torch.stack([info_nce(one) for one in scores]).mean()
        truth = -0.5 * math.log(1 - r**2)
        assert 0.9 * truth < mutual_information_bound(loss, 256) < truth + 0.01


def quantiles(inverse, count):
    """Samples without luck: the middles of ``count`` slices of equal chance."""
    return inverse((torch.arange(count, dtype=torch.float64) + 0.5) / count)


def fit(loss, parameters):
    optimizer = torch.optim.LBFGS(parameters, max_iter=200, line_search_fn="strong_wolfe")

    def closure():
        optimizer.zero_grad()
        value = loss()
        value.backward()
        return value

    optimizer.step(closure)


def real(*values):
    return [torch.tensor(value, dtype=torch.float64, requires_grad=True) for value in values]


class TestKnownDensities:
    def test_binary_nce_finds_a_gaussian_and_its_log_z(self):
        x = quantiles(Normal(1.0, 0.5).icdf, 10_000)
        q = Normal(torch.tensor(0.5, dtype=torch.float64), 1.5)
        noise = quantiles(q.icdf, 20_000)[torch.randperm(20_000)].reshape(-1, 2)
        a, b, log_z = real(0.5, 0.0, 0.0)

        def score(value):
            return -a * (value - b).square()

        def loss():
            return binary_nce(score(x), score(noise), q.log_prob(x), q.log_prob(noise), log_z=log_z)

        fit(loss, [a, b, log_z])
        assert a.item() == pytest.approx(2.0, rel=0.01) and b.item() == pytest.approx(1.0, rel=0.01)
        assert log_z.item() == pytest.approx(math.log(0.5 * math.sqrt(2 * math.pi)), rel=0.01)

    def test_binary_nce_finds_a_quartic_and_its_log_z(self):
        grid = torch.linspace(-4, 4, 80_001, dtype=torch.float64)
        density = (-0.5 * grid**2 - 0.25 * grid**4).exp()
        integral = torch.trapezoid(density, grid)
        chance = density.cumsum(0) / density.sum()
        x = quantiles(lambda u: grid[torch.searchsorted(chance, u)], 10_000)
        q = Normal(torch.tensor(0.0, dtype=torch.float64), 1.2)
        noise = quantiles(q.icdf, 10_000)[:, None]
        a, b, log_z = real(0.1, 0.1, 0.0)

        def score(value):
            return -a * value**2 - b * value**4

        def loss():
            return binary_nce(score(x), score(noise), q.log_prob(x), q.log_prob(noise), log_z=log_z)

        fit(loss, [a, b, log_z])
        assert a.item() == pytest.approx(0.5, rel=0.01) and b.item() == pytest.approx(0.25, rel=0.01)
        assert log_z.item() == pytest.approx(math.log(integral), rel=0.01)

    def test_importance_sampling_finds_log_z_within_its_error(self):
        torch.manual_seed(0)
        q = Normal(0.0, 1.0)
        x = q.sample((100_000,))
        found = estimate_log_z(-0.5 * x**2 - 0.25 * x**4, q.log_prob(x))
        grid = torch.linspace(-6, 6, 100_001, dtype=torch.float64)
        truth = torch.trapezoid((-0.5 * grid**2 - 0.25 * grid**4).exp(), grid).log().item()
        assert abs(found.value - truth) < 4 * found.error and math.exp(found.value - truth) == pytest.approx(
            1, abs=0.01
        )
        assert 10_000 < found.effective < 100_000

    def test_a_narrow_noise_is_seen_in_the_effective_number(self):
        q = Normal(0.0, 0.2)
        torch.manual_seed(0)
        x = q.sample((10_000,))
        assert estimate_log_z(-(x**2) / 8, q.log_prob(x)).effective < 1000

    def test_scores_that_are_no_numbers_are_refused(self):
        with pytest.raises(ValueError, match="NaN"):
            estimate_log_z(torch.tensor([0.0, torch.nan]), torch.zeros(2))
        with pytest.raises(ValueError, match="N ≥ 2"):
            estimate_log_z(torch.zeros(1), torch.zeros(1))


class TestModule:
    p = torch.tensor([0.4, 0.25, 0.15, 0.1, 0.06, 0.04])
    q = torch.tensor([0.1, 0.1, 0.2, 0.2, 0.2, 0.2])

    @pytest.mark.parametrize("mode", MODES)
    @pytest.mark.parametrize("correction", [True, False])
    def test_the_best_scores_are_those_of_the_table(self, mode, correction):
        if mode == "sampled_softmax" and not correction:
            pytest.skip("no simple form")
        torch.manual_seed(0)
        k = 20 if mode == "sampled_softmax" else 5
        loss = NCE(Categorical(self.q), k=k, mode=mode, logq_correction=correction)
        table = torch.zeros(6, requires_grad=True)
        optimizer = torch.optim.Adam([table], lr=0.1)
        schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.02, 250)
        for _ in range(250):
            optimizer.zero_grad()
            loss(lambda x: table[x], Categorical(self.p).sample((1000,))).backward()
            optimizer.step()
            schedule.step()
        expected = self.p.log() if correction and mode != "infonce" else (self.p / self.q).log()
        found = table.detach()
        if mode == "binary":
            expected = expected if correction else expected - math.log(k)
        else:
            found, expected = found - found.mean(), expected - expected.mean()
        torch.testing.assert_close(found, expected, atol=0.1, rtol=0)

    def test_gamma_is_log_z(self):
        torch.manual_seed(0)
        loss = NCE(Normal(0.0, 1.5), k=5, learn_gamma=True)
        optimizer = torch.optim.Adam(loss.parameters(), lr=0.05)
        for _ in range(150):
            optimizer.zero_grad()
            loss(lambda x: -x.square() / 2, torch.randn(2000)).backward()
            optimizer.step()
        assert loss.gamma.item() == pytest.approx(math.log(math.sqrt(2 * math.pi)), abs=0.03)

    def test_what_cannot_be_is_refused(self):
        with pytest.raises(ValueError, match="mode='softmax'"):
            NCE(Categorical(self.q), mode="softmax")
        with pytest.raises(ValueError, match="γ falls out"):
            NCE(Categorical(self.q), mode="ranking", learn_gamma=True)
        with pytest.raises(ValueError, match=r"score gave \(2,\) for samples \(2, 11\)"):
            NCE(Categorical(self.q))(lambda x: x[:, 0].float(), torch.tensor([0, 1]))


class TestPMI:
    def test_word_vectors_by_negative_sampling_are_the_pmi_of_the_counts(self):
        torch.manual_seed(0)
        words, k = 10, 4
        chain = torch.softmax(1.5 * torch.randn(words, words), 1)
        counts = chain / words
        noise = Categorical(counts.sum(0))
        pairs = Categorical(counts.flatten())
        u, v = (torch.nn.Parameter(0.1 * torch.randn(words, words)) for _ in range(2))
        optimizer = torch.optim.Adam([u, v], lr=0.03)
        schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.05, 400)
        for _ in range(400):
            pair = pairs.sample((2000,))
            table, i, j = u @ v.T, pair // words, pair % words
            optimizer.zero_grad()
            binary_nce(table[i, j], table[i[:, None], noise.sample((2000, k))]).backward()
            optimizer.step()
            schedule.step()
        learnt, expected = (u @ v.T).detach(), pmi(counts, negatives=k)
        weight = counts > 0.002
        assert np.corrcoef(learnt.flatten(), expected.flatten())[0, 1] > 0.9
        assert (learnt - expected)[weight].mean().abs() < 0.1  # the shift by log K is there

    def test_independent_words_have_none_and_the_shift_is_that_of_word2vec(self):
        counts = torch.outer(torch.tensor([1.0, 2.0]), torch.tensor([3.0, 4.0, 5.0]))
        assert pmi(counts).abs().max() < 1e-6
        noise = torch.tensor([3.0, 4.0, 5.0]).mul(3).pow(0.75)
        expected = (torch.tensor([3.0, 4.0, 5.0]) / 12).log() - (noise / noise.sum()).log() - math.log(5)
        torch.testing.assert_close(pmi(counts, power=0.75, negatives=5), expected.expand(2, 3))

    def test_nothing_counted_is_refused(self):
        with pytest.raises(ValueError, match="one above 0"):
            pmi(torch.zeros(2, 2))


@pytest.mark.parametrize("loss", [binary_nce, ranking_nce])
def test_what_does_not_fit_is_refused(loss):
    with pytest.raises(ValueError, match=r"data is \(2,\) and noise \(3, 2\)"):
        loss(torch.zeros(2), torch.zeros(3, 2))
    with pytest.raises(ValueError, match="log-chances of one side"):
        loss(torch.zeros(2), torch.zeros(2, 3), torch.zeros(2))
    with pytest.raises(ValueError, match=r"noise_log_q \(2, 2\)"):
        loss(torch.zeros(2), torch.zeros(2, 3), torch.zeros(2), torch.zeros(2, 2))


def test_sampled_softmax_refuses_hits_of_another_shape():
    with pytest.raises(ValueError, match=r"hits is \(3,\): expected \(2, 3\)"):
        sampled_softmax(torch.zeros(2), torch.zeros(2, 3), None, hits=torch.zeros(3, dtype=torch.bool))
