import pytest
import torch

from tests.generative.tiny import Line
from zhnlp.generative.adversarial import Part
from zhnlp.generative.rows import Batches, Rows

DATA = torch.randn(64, 2, generator=torch.Generator().manual_seed(0)) + torch.tensor([2.0, -1.0])
SHORT = {"steps": 12, "batch_size": 16, "log_every": 4, "progress": False}


def model(seed: int = 0) -> Line:
    torch.manual_seed(seed)
    return Line()


def test_the_generator_moves_to_the_data():
    made = model().fit(
        DATA, steps=400, batch_size=64, generator_rate=0.02, critic_rate=0.02, ema=0.98, progress=False
    )
    assert torch.allclose(made.sample(4000, seed=0).mean(0), DATA.mean(0), atol=0.4)
    assert [line["round"] for line in made.history_] == [100, 200, 300, 400]
    assert set(made.history_[0]) == {"round", "critic_loss", "critic_gap", "generator_loss"}


def test_players_learn_only_in_their_own_steps():
    made = model()
    before = [value.clone() for value in made.parameters()]
    made.fit(DATA, **{**SHORT, "critic_steps": 0})
    assert torch.equal(made.critic.weight, before[0])
    assert not torch.equal(made.shift.bias, before[3])


def test_the_same_seed_gives_the_same_weights():
    first, second = (model().fit(DATA, **SHORT, seed=3) for _ in range(2))
    assert torch.equal(first.shift.weight, second.shift.weight)


def test_a_training_goes_on_where_it_was(tmp_path):
    whole = model().fit(DATA, **SHORT, ema=0.9)
    model().fit(DATA, **{**SHORT, "steps": 6}, ema=0.9, out=tmp_path)
    resumed = model(1).fit(DATA, **SHORT, ema=0.9, out=tmp_path)
    assert torch.equal(whole.shift.weight, resumed.shift.weight)
    assert whole.history_[-1] == resumed.history_[-1]


def test_a_function_may_draw_the_data():
    def draw(n: int, generator: torch.Generator) -> torch.Tensor:
        return torch.randn(n, 2, generator=generator)

    assert len(model().fit(draw, **SHORT).history_) == 3


def test_a_part_sees_every_step_of_the_generator_and_adds_its_term():
    class Counted(Part):
        def __init__(self):
            self.calls = []

        def before_step(self, model):
            self.calls.append("before")

        def generator_term(self, model, x, figures):
            self.calls.append(tuple(figures["fake"].shape))
            return 1000.0 * model.shift.bias.square().sum()

        def after_step(self, model):
            self.calls.append("after")

    part = Counted()
    made = model().fit(DATA, **{**SHORT, "steps": 2}, generator_steps=2, parts=[part])
    assert part.calls == ["before", (16, 2), "after"] * 4
    assert made.history_[-1]["generator_loss"] > 10


def test_a_loss_that_is_no_number_is_said():
    class Broken(Line):
        def critic_loss(self, x, y=None):
            return {"loss": self.critic(x).mean() * float("inf")}

    with pytest.raises(FloatingPointError, match="critic_loss"):
        Broken().fit(DATA, **SHORT)


def test_an_earlier_training_may_have_had_another_precision():
    from accelerate import Accelerator
    from accelerate.state import AcceleratorState

    AcceleratorState._reset_state()
    Accelerator(cpu=True, mixed_precision="bf16")
    assert len(model().fit(DATA, **SHORT).history_) == 3


def test_batches_hang_on_their_number_alone():
    batches = Batches(Rows(torch.arange(10.0)[:, None]), 4, seed=1)
    drawn = [batches.of_step(step)["x"] for step in range(4)]
    assert torch.equal(batches.of_step(1)["x"], drawn[1])
    assert len(set(torch.cat(drawn[:2]).flatten().tolist())) == 8  # a pass has each row once at most


def test_settings_out_of_range_are_refused():
    with pytest.raises(ValueError, match="steps=0 is not possible"):
        model().fit(DATA, steps=0)
