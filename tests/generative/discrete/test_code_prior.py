"""The prior over codes: causal, normalised, the same step by step, and able to learn what follows what.

Run: pytest tests/generative/discrete/test_code_prior.py
"""

import itertools

import pytest
import torch

from zhnlp.generative.discrete import CodePrior


def small(shape=(2, 3), size=4, trained=True, **options):
    torch.manual_seed(0)
    prior = CodePrior(shape, size, **{"width": 16, "heads": 2, **options}).eval()
    if trained:  # a head that is not 0
        torch.nn.init.normal_(prior.head.weight)
    return prior


def test_a_code_hangs_on_those_before_it_only():
    prior = small()
    codes = torch.randint(4, (1, 2, 3))
    base = prior.logits(codes)
    for place in range(6):
        other = codes.clone()
        other.view(-1)[place] = (other.view(-1)[place] + 1) % 4
        changed = (prior.logits(other) - base).abs().amax(-1)[0] > 1e-6
        assert changed.tolist() == [False] * (place + 1) + [True] * (5 - place)


def test_the_chances_of_all_grids_add_up_to_one():
    prior = small((2, 2), 3)
    grids = torch.tensor(list(itertools.product(range(3), repeat=4))).view(-1, 2, 2)
    assert torch.isclose(prior.log_prob(grids).exp().sum(), torch.tensor(1.0), atol=1e-5)


def test_at_first_all_codes_are_alike():
    grids = torch.randint(4, (5, 2, 3))
    assert torch.allclose(
        small(trained=False).log_prob(grids), torch.tensor(6 * 0.25).new_full((5,), 0.25).log() * 6
    )


def test_step_by_step_is_the_same_as_at_once():
    prior = small(layers=3)
    codes = torch.randint(4, (5, 2, 3))
    tokens, cache, said = torch.full((5, 1), 4), None, []
    for place in range(6):
        output = prior.step(tokens, cache)
        said.append(output.logits)
        cache, tokens = output.cache, codes.flatten(1)[:, place : place + 1]
    assert torch.allclose(torch.stack(said, 1), prior.logits(codes), atol=1e-5)


def test_samples_have_the_chances_of_the_model():
    prior = small((1, 2), 3)
    drawn = prior.sample(6000, seed=0).flatten(1)
    grids = torch.tensor(list(itertools.product(range(3), repeat=2)))
    chances = prior.log_prob(grids.view(-1, 1, 2)).exp()
    counts = torch.bincount(drawn[:, 0] * 3 + drawn[:, 1], minlength=9) / 6000
    assert (counts - chances).abs().max() < 0.03


def test_samples_of_a_seed_are_the_same_and_filters_narrow_them():
    prior = small()
    assert torch.equal(prior.sample(4, seed=1), prior.sample(4, seed=1))
    greedy = prior.sample(4, seed=2, top_k=1)
    assert (greedy == greedy[0]).all()
    assert torch.equal(greedy, prior.sample(4, seed=3, top_p=1e-6))


def test_it_learns_what_follows_what():
    torch.manual_seed(0)
    first = torch.randint(4, (400, 1))
    codes = ((first + torch.arange(6)) % 4).view(400, 2, 3)  # only the first code is free
    prior = CodePrior((2, 3), 4, width=16, heads=2, dropout=0.0)
    prior.fit(codes, epochs=12, batch_size=40, learning_rate=1e-2, progress=False)
    nats = -prior.log_prob(codes).mean().item()
    assert nats < 1.386 + 0.3
    assert nats > 1.386 - 0.01  # log 4, which is the entropy


def test_what_cannot_be_is_refused():
    with pytest.raises(ValueError, match="expected a grid"):
        CodePrior((4,), 3)
    with pytest.raises(ValueError, match=r"width=10 is no multiple of heads=4. Next: width=12"):
        CodePrior((2, 2), 3, width=10)
