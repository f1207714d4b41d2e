"""The same losses in pytorch-metric-learning and sentence-transformers, where these are installed.

Run: pip install pytorch-metric-learning sentence-transformers; pytest tests/nn/losses/test_peers.py
"""

import math

import pytest
import torch

from zhnlp.nn.losses.a_softmax import a_softmax
from zhnlp.nn.losses.am_softmax import am_softmax
from zhnlp.nn.losses.angle import angle, angle_similarity
from zhnlp.nn.losses.arcface import arcface
from zhnlp.nn.losses.batch_hard_triplet import batch_hard_triplet
from zhnlp.nn.losses.circle import circle
from zhnlp.nn.losses.contrast import contrast
from zhnlp.nn.losses.cosent import cosent
from zhnlp.nn.losses.cosine import cosines, paired_cosines
from zhnlp.nn.losses.norm_softmax import norm_softmax
from zhnlp.nn.losses.simcse import simcse

GROUPS = torch.tensor([0, 0, 1, 1, 1, 2, 2, 0])
LABEL = torch.tensor([0.0, 1.0, 0.4, 1.0, 0.2, 0.0, 0.7, 1.0])


def vectors(seed=0, rows=8):
    return torch.randn(rows, 6, generator=torch.Generator().manual_seed(seed))


def agree(ours, theirs, *inputs):
    """The same loss, and the same gradient of each input."""
    torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5)
    for mine, other in zip(torch.autograd.grad(ours, inputs), torch.autograd.grad(theirs, inputs)):
        torch.testing.assert_close(mine, other, rtol=1e-3, atol=1e-5)


class TestMetricLearning:
    @pytest.fixture
    def peer(self):
        return pytest.importorskip("pytorch_metric_learning.losses")

    @pytest.mark.parametrize("name", ["am", "arc", "norm", "a"])
    def test_against_classes(self, peer, name):
        x, target = vectors(rows=32), torch.arange(32) % 5
        if name == "a":  # theirs is multiplied by the lengths, ours is of unit vectors
            x = x / x.norm(dim=1, keepdim=True)
        x.requires_grad_()
        loss, ours = {
            "am": (peer.CosFaceLoss(5, 6, margin=0.35, scale=30), am_softmax),
            "arc": (peer.ArcFaceLoss(5, 6, margin=math.degrees(0.5), scale=30), arcface),
            "norm": (peer.NormalizedSoftmaxLoss(5, 6, temperature=1 / 30), norm_softmax),
            "a": (peer.SphereFaceLoss(5, 6, margin=4, scale=30), a_softmax),
        }[name]
        theirs = loss(x, target)
        if name == "a":
            torch.testing.assert_close(ours(cosines(x, loss.W.T), target), theirs, rtol=1e-4, atol=1e-5)
        else:
            agree(ours(cosines(x, loss.W.T), target), theirs, x, loss.W)

    def test_circle(self, peer):
        x = vectors().requires_grad_()
        agree(circle(cosines(x), GROUPS), peer.CircleLoss(m=0.4, gamma=80)(x, GROUPS), x)

    def test_simcse_is_nt_xent(self, peer):
        x = vectors().requires_grad_()
        agree(simcse(cosines(x)), peer.NTXentLoss(temperature=0.05)(x, torch.arange(8) // 2), x)


class TestSentenceTransformers:
    @pytest.fixture
    def peer(self):
        return pytest.importorskip("sentence_transformers.sentence_transformer.losses")

    def test_cosent_and_angle(self, peer):
        x, y = vectors().requires_grad_(), vectors(1).requires_grad_()
        theirs = peer.CoSENTLoss(None).compute_loss_from_embeddings([x, y], LABEL)
        agree(cosent(paired_cosines(x, y), LABEL), theirs, x, y)
        theirs = peer.AnglELoss(None).compute_loss_from_embeddings([x, y], LABEL)
        agree(angle(x, y, LABEL), theirs, x, y)

    def test_angle_similarity(self):
        peer = pytest.importorskip("sentence_transformers.util")
        torch.testing.assert_close(
            angle_similarity(vectors(), vectors(1)), peer.pairwise_angle_sim(vectors(), vectors(1))
        )

    def test_contrast_with_hard_negatives(self, peer):
        x, y, z = (vectors(seed).requires_grad_() for seed in range(3))
        theirs = peer.MultipleNegativesRankingLoss(None).compute_loss_from_embeddings([x, y, z], None)
        agree(contrast(cosines(x, torch.cat([y, z]))), theirs, x, y, z)

    def test_batch_hard_triplet(self, peer):
        x = vectors().requires_grad_()
        loss = peer.BatchHardTripletLoss(None, peer.BatchHardTripletLossDistanceFunction.cosine_distance, 0.5)
        theirs = loss.compute_loss_from_embeddings([x], GROUPS)
        agree(batch_hard_triplet(cosines(x), GROUPS, margin=0.5), theirs, x)
