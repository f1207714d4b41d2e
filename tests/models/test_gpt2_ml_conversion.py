"""Weights by TensorFlow's names: every name of the original, turned kernels, refusals; and the command.

Run: pytest tests/models/test_gpt2_ml_conversion.py
"""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from tokenizer_families import BERT, vocabulary

from zhnlp import pipeline
from zhnlp.models.gpt2_ml_conversion import convert, read_variables, torch_name

HIDDEN, LAYERS, HEADS, INNER, PLACES = 8, 2, 2, 12, 40
ROOT = Path(__file__).parents[2]


def variables(words=None, seed=0):
    """A checkpoint with every variable that the original has, and some of its optimizer."""
    random = np.random.default_rng(seed)
    shapes = {
        "newslm/embeddings/word_embed": (words or len(BERT), HIDDEN),
        "newslm/embeddings/pos_embed": (PLACES, HIDDEN),
        "newslm/embeddings/LayerNorm_embed_norm/gamma": (HIDDEN,),
        "newslm/embeddings/LayerNorm_embed_norm/beta": (HIDDEN,),
    }
    for layer in range(LAYERS):
        scope = f"newslm/layer{layer:02d}"
        sizes = {
            **dict.fromkeys(
                ("query_layer", "key_layer", "value_layer", "context_projection_layer"), (HIDDEN, HIDDEN)
            ),
            "intermediate": (HIDDEN, INNER),
            "output": (INNER, HIDDEN),
        }
        for name, (read, written) in sizes.items():
            shapes |= {f"{scope}/{name}/kernel": (read, written), f"{scope}/{name}/bias": (written,)}
        for name in ("LayerNorm_mlp_ln0", "LayerNorm_mlp_ln1"):
            shapes |= {f"{scope}/{name}/gamma": (HIDDEN,), f"{scope}/{name}/beta": (HIDDEN,)}
    found = {name: random.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}
    found["global_step"] = np.asarray(220_000)
    found["newslm/layer00/output/kernel/adafactor_vr"] = np.ones(INNER, np.float32)
    return found


@pytest.fixture(scope="module")
def given():
    return variables()


def test_every_variable_has_its_place(given):
    names = [torch_name(variable) for variable in given]
    kept = [name for name in names if name is not None]
    assert len(kept) == len(set(kept)) == 4 + 16 * LAYERS and names.count(None) == 2
    model = convert(given, num_attention_heads=HEADS)
    assert set(kept) == {name for name, _ in model.named_parameters()}
    assert torch_name("newslm/layer47/key_layer/bias:0") == "model.layers.47.key.bias"


def test_the_model_computes_with_kernels_from_left_to_right(given):
    """One layer by hand, with TensorFlow's arrays as TensorFlow multiplies them."""
    model = convert(given, num_attention_heads=HEADS)
    x = np.random.default_rng(1).normal(size=(1, 1, HIDDEN)).astype(np.float32)
    layer = "newslm/layer01"

    def dense(x, name):
        return x @ given[f"{layer}/{name}/kernel"] + given[f"{layer}/{name}/bias"]

    def norm(x, name):
        x = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-5)
        return x * given[f"{layer}/{name}/gamma"] + given[f"{layer}/{name}/beta"]

    seen = x + dense(dense(x, "value_layer"), "context_projection_layer")  # a token alone sees itself
    inner = torch.nn.functional.gelu(
        torch.from_numpy(dense(norm(seen, "LayerNorm_mlp_ln0"), "intermediate"))
    ).numpy()
    wanted = norm(seen + dense(inner, "output"), "LayerNorm_mlp_ln1")
    with torch.no_grad():
        found = model.model.layers[1](torch.from_numpy(x), None)
    np.testing.assert_allclose(found.numpy(), wanted, atol=1e-5)
    assert (model.config.num_hidden_layers, model.config.intermediate_size) == (LAYERS, INNER)
    assert (model.config.vocab_size, model.config.max_position_embeddings) == (len(BERT), PLACES)
    assert model.lm_head.weight is model.model.tokens.weight and not model.training


def test_refusals(given, tmp_path):
    def without(name):
        return {key: value for key, value in given.items() if not key.startswith(name)}

    word, kernel = "newslm/embeddings/word_embed", "newslm/layer01/output/kernel"
    for changed, said in (
        (without(word), "model.tokens.weight is missing"),
        (without("newslm/layer00"), r"layers \[1\]"),
        (without("newslm/layer01/output/bias"), "1 of 36 variables are missing, model.layers.1.output.bias"),
        (given | {kernel: given[kernel].T}, r"output/kernel has the shape \(8, 12\)"),
        (given | {kernel: given[kernel] * np.nan}, "no finite number"),
        (given | {"bert/pooler/dense/kernel": np.ones((2, 2))}, "bert/pooler/dense/kernel is no variable"),
        (given | {word + ":0": given[word]}, "are the same variable"),
    ):
        with pytest.raises(ValueError, match=said):
            convert(changed, num_attention_heads=HEADS)
    with pytest.raises(ValueError, match="hidden size 8 is no multiple of 64"):
        convert(given)
    np.savez(tmp_path / "pickled.npz", x=np.asarray([{}], dtype=object))
    with pytest.raises(ValueError, match="allow_pickle=False"):
        read_variables(tmp_path / "pickled.npz")["x"]
    (tmp_path / "cut.npz").write_bytes((tmp_path / "pickled.npz").read_bytes()[:60])
    with pytest.raises(ValueError, match=r"cut\.npz is no \.npz of plain arrays"):
        read_variables(tmp_path / "cut.npz")
    with pytest.raises(FileNotFoundError, match=r"neither an \.npz nor a TensorFlow checkpoint"):
        read_variables(tmp_path / "model.ckpt")
    with pytest.raises(ValueError, match="holds 0 checkpoints"):
        read_variables(tmp_path)


@pytest.mark.skipif(importlib.util.find_spec("tensorflow") is not None, reason="TensorFlow is installed")
@pytest.mark.parametrize(
    "name", ["model.ckpt-7", "model.ckpt-7.index", "model.ckpt-7.data-00000-of-00001", ""]
)
def test_without_tensorflow_the_extra_is_named(tmp_path, name):
    (tmp_path / "model.ckpt-7.index").touch()
    with pytest.raises(ImportError, match=r"zhnlp\[tensorflow\]"):
        read_variables(tmp_path / name)


@pytest.mark.slow
def test_a_checkpoint_of_tensorflow(given, tmp_path):
    tensorflow = pytest.importorskip("tensorflow")
    v1 = tensorflow.compat.v1
    with v1.Graph().as_default(), v1.Session() as session:
        made = [v1.Variable(value, name=name) for name, value in given.items()]
        session.run([one.initializer for one in made])
        v1.train.Saver(made).save(session, str(tmp_path / "model.ckpt"))
    for name in ("model.ckpt", "model.ckpt.index", ""):
        found = convert(read_variables(tmp_path / name), num_attention_heads=HEADS).state_dict()
        for key, value in convert(given, num_attention_heads=HEADS).state_dict().items():
            assert torch.equal(found[key], value)


@pytest.mark.slow
def test_the_command_writes_a_folder_that_the_pipeline_loads(given, tmp_path):
    np.savez(tmp_path / "variables.npz", **given)
    (tmp_path / "vocab.txt").write_text(vocabulary(BERT), "utf-8")
    script = [sys.executable, str(ROOT / "pipelines/convert_gpt2_ml.py")]
    said = subprocess.run([*script, "--help"], capture_output=True, text=True, check=True, timeout=100).stdout
    assert "imcaspar/gpt2-ml" in said and "--vocab" in said
    options = [str(tmp_path / "variables.npz"), "--vocab", str(tmp_path / "vocab.txt"), "--heads", "2"]
    done = subprocess.run(
        [*script, *options, "--out", str(tmp_path / "out")], capture_output=True, text=True, timeout=100
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["layers"] == 2
    pipe = pipeline("text-generation", tmp_path / "out", max_new_tokens=12, seed=0)
    state = convert(given, num_attention_heads=HEADS).state_dict()
    assert all(torch.equal(value, state[name]) for name, value in pipe.model.state_dict().items())
    assert pipe.tokenizer("今天")["input_ids"] == [
        BERT.index("今"),
        BERT.index("天"),
    ]  # nothing around a text
    assert pipe.tokenizer.eos_token == "[SEP]"
    pieces = []
    result = pipe("今天天气", stream=pieces.append)
    assert "".join(pieces) == result["text"] != "" and result == pipe("今天天气")
