"""`load_model`: every head and kind, int8 and fp16 files, and everything that is refused.

Run: pytest tests/models/test_loading.py
"""

import json
import shutil
import subprocess
import sys

import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file
from small_models import KINDS, VOCABULARY, make_model, make_tokenizer, save_checkpoint

from zhnlp import pipeline
from zhnlp.checkpoints import quantized
from zhnlp.models.loading import choose_device, load_model

IDS = torch.arange(5, 25)[None]


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """A checkpoint of each kind; tests that change files take a copy."""
    places = {kind: tmp_path_factory.mktemp(kind) for kind in KINDS}
    return {kind: (folder, save_checkpoint(folder, kind)) for kind, folder in places.items()}


@pytest.fixture
def bert(tmp_path):
    save_checkpoint(tmp_path, "bert")
    return tmp_path


@pytest.mark.parametrize("kind", KINDS)
def test_a_folder_gives_the_model_that_was_saved(folders, kind):
    folder, saved = folders[kind]
    head = "masked-lm" if kind in ("bert", "roformer") else "causal-lm"
    model = load_model(folder, head)
    assert type(model).__name__ == KINDS[kind][1] and not model.training
    with torch.no_grad():
        assert torch.equal(model(IDS).logits, saved(IDS).logits)
        encoder = load_model(folder, "encoder")
        assert torch.equal(encoder(IDS)[0], saved.base_model(IDS)[0])
    assert load_model(folder, "sequence-classification", num_labels=3).config.num_labels == 3


@pytest.mark.parametrize("kind", KINDS)
def test_int8_is_nearly_the_same_model(folders, kind, tmp_path):
    _, saved = folders[kind]
    quantized.save(saved, tmp_path)
    head = "masked-lm" if kind in ("bert", "roformer") else "causal-lm"
    model = load_model(tmp_path, head)
    with torch.no_grad():
        exact, near = saved(IDS).logits.log_softmax(-1), model(IDS).logits.log_softmax(-1)
        assert 0 < (exact - near).abs().mean() < 0.1  # weights are large here, and so are steps
        assert model.dtype == torch.float32
        assert torch.equal(load_model(tmp_path, "encoder")(IDS)[0], model.base_model(IDS)[0])


def test_an_fp16_file_gives_fp32_on_a_cpu_and_what_is_asked(tmp_path):
    make_model("bert").half().save_pretrained(tmp_path)
    assert next(iter(load_file(tmp_path / "model.safetensors").values())).dtype == torch.float16
    for dtype, wanted in (
        (None, torch.float32),
        ("float32", torch.float32),
        (torch.bfloat16, torch.bfloat16),
        ("auto", torch.float16),
    ):
        model = load_model(tmp_path, "masked-lm", device="cpu", dtype=dtype)
        assert {parameter.dtype for parameter in model.parameters()} == {wanted}, dtype


def test_shards_are_read_and_a_missing_one_is_refused(tmp_path):
    saved = make_model("bert")
    saved.save_pretrained(tmp_path, max_shard_size="20KB")
    shards = sorted(tmp_path.glob("model-*.safetensors"))
    assert len(shards) > 1
    with torch.no_grad():
        assert torch.equal(load_model(tmp_path, "masked-lm")(IDS).logits, saved(IDS).logits)
    shards[0].unlink()
    with pytest.raises(ValueError, match=f"lacks {shards[0].name} of {len(shards)} files"):
        load_model(tmp_path, "masked-lm")


# --- refusals --------------------------------------------------------------------------------------------------


def test_a_pickle_is_refused_with_the_way_out(bert):
    torch.save(load_file(bert / "model.safetensors"), bert / "pytorch_model.bin")
    load_model(bert, "masked-lm")  # safetensors beside it are taken
    (bert / "model.safetensors").unlink()
    with pytest.raises(
        ValueError, match=r"pytorch_model\.bin only: a pickle can run code.*use_safetensors=False"
    ):
        load_model(bert, "masked-lm")
    (bert / "pytorch_model.bin").unlink()
    with pytest.raises(ValueError, match="holds no weights"):
        load_model(bert, "masked-lm")


def test_the_advice_about_pickles_works(bert, tmp_path_factory):
    """The command that the refusal prints makes a checkpoint that loads, with the same weights."""
    torch.save(load_file(bert / "model.safetensors"), bert / "pytorch_model.bin")
    (bert / "model.safetensors").unlink()
    with pytest.raises(ValueError, match="python -c") as refusal:
        load_model(bert, "masked-lm")
    code = str(refusal.value).split('python -c "')[1].split('"')[0]
    place = tmp_path_factory.mktemp("converted")
    subprocess.run([sys.executable, "-c", code], check=True, cwd=place, capture_output=True)
    make_tokenizer().save_pretrained(place / "converted")
    assert torch.equal(
        load_model(place / "converted", "masked-lm").get_input_embeddings().weight,
        make_model("bert").get_input_embeddings().weight,
    )


def test_truncated_weights_are_refused(bert):
    file = bert / "model.safetensors"
    whole = file.read_bytes()
    for length in (0, 4, 100, len(whole) // 2, len(whole) - 1):
        file.write_bytes(whole[:length])
        with pytest.raises(ValueError, match=r"truncated|no safetensors file"):
            load_model(bert, "masked-lm")
    quantized.save(make_model("bert"), bert)
    int8 = bert / quantized.FILE
    int8.write_bytes(int8.read_bytes()[:-1])
    with pytest.raises(ValueError, match="truncated"):
        load_model(bert, "masked-lm")


def test_a_vocabulary_that_does_not_fit_is_refused(tmp_path):
    make_model("bert", vocab_size=len(VOCABULARY) - 9).save_pretrained(tmp_path)
    make_tokenizer().save_pretrained(tmp_path)
    with pytest.raises(ValueError, match=f"{len(VOCABULARY)}.*{len(VOCABULARY) - 9}"):
        load_model(tmp_path, "masked-lm")
    load_model(tmp_path, "masked-lm", check=False)


def test_weights_of_another_size_than_the_configuration_are_refused(bert):
    config = json.loads((bert / "config.json").read_text())
    (bert / "config.json").write_text(json.dumps(config | {"hidden_size": 64}))
    said = r"does not fit its config\.json: .*cls\.predictions\.transform\.LayerNorm|: bert\.embeddings\.LayerNorm\.bias is "
    with pytest.raises(
        ValueError, match=said + r"\(32,\) in the file, expected \(64,\), and \d+ more tensors"
    ):
        load_model(bert, "masked-lm")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("int8", [False, True])
def test_a_changed_vocabulary_and_dropped_layers_are_named(folders, kind, int8, tmp_path):
    folder, saved = folders[kind]
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    if int8:
        (tmp_path / "model.safetensors").unlink()
        quantized.save(saved, tmp_path)
    head = "masked-lm" if kind in ("bert", "roformer") else "causal-lm"
    config = json.loads((tmp_path / "config.json").read_text())
    layers = "n_layer" if kind == "gpt2" else "num_hidden_layers"
    for changes, said in (
        ({"vocab_size": 99}, rf"\({len(VOCABULARY)},.*\) in the file, expected \(99,"),
        ({layers: 1}, r"more layers in its file than config\.json says: .*\.1\..* has no place"),
    ):
        (tmp_path / "config.json").write_text(json.dumps(config | changes))
        for one in (head, "encoder"):
            with pytest.raises(ValueError, match=said):
                load_model(tmp_path, one, check=False)
    (tmp_path / "config.json").write_text(json.dumps(config))
    first = load_model(tmp_path, "encoder", **{layers: 1})  # on purpose
    assert first(IDS)[0].shape == saved.base_model(IDS)[0].shape


def test_a_device_that_is_not_there_is_refused():
    for device in ("zz", f"cuda:{torch.cuda.device_count() + 5}", "meta", 3.5):
        with pytest.raises(ValueError, match=rf"device '{device}' cannot be used \(.*\): expected cpu"):
            choose_device(device)
        with pytest.raises(ValueError, match="cannot be used"):
            pipeline("feature-extraction", make_model("bert").bert, tokenizer=make_tokenizer(), device=device)
    assert choose_device("cpu") == choose_device(torch.device("cpu")) == torch.device("cpu")


def test_a_head_that_was_never_learnt_is_refused(tmp_path):
    make_model("bert").bert.save_pretrained(tmp_path)
    with pytest.raises(ValueError, match=r"holds no weights for cls\.predictions.*masked-lm needs"):
        load_model(tmp_path, "masked-lm")
    load_model(tmp_path, "encoder")
    load_model(tmp_path, "sequence-classification")
    state = load_file(tmp_path / "model.safetensors")
    state.pop(next(name for name in state if "layer.1.output.dense.weight" in name))
    save_file(state, tmp_path / "model.safetensors", {"format": "pt"})
    with pytest.raises(ValueError, match=r"layer\.1\.output\.dense\.weight"):
        load_model(tmp_path, "encoder")


def test_tables_of_positions_may_be_missing_only_where_they_are_computed(tmp_path):
    """RoFormer's are sinusoids, OPT's are learnt under the same name."""
    rotary, learnt = tmp_path / "roformer", tmp_path / "opt"
    saved = save_checkpoint(rotary, "roformer")
    config = transformers.OPTConfig(
        vocab_size=len(VOCABULARY), hidden_size=32, num_hidden_layers=1, num_attention_heads=4, ffn_dim=64,
        word_embed_proj_dim=32, max_position_embeddings=64, pad_token_id=0, bos_token_id=2, eos_token_id=3,
    )  # fmt: skip
    transformers.OPTForCausalLM(config).save_pretrained(learnt)
    load_model(learnt, "causal-lm")
    for folder in (rotary, learnt):
        state = load_file(folder / "model.safetensors")
        for name in [name for name in state if "embed_positions" in name]:
            del state[name]
        save_file(state, folder / "model.safetensors", {"format": "pt"})
    with torch.no_grad():
        assert torch.equal(load_model(rotary, "masked-lm")(IDS).logits, saved(IDS).logits)
    with pytest.raises(ValueError, match=r"holds no weights for model\.decoder\.embed_positions\.weight"):
        load_model(learnt, "causal-lm")


def test_heads_that_cannot_be(folders):
    with pytest.raises(ValueError, match="expected one of 'masked-lm'"):
        load_model(folders["bert"][0], "mask-lm")
    with pytest.raises(ValueError, match="is a masked model"):
        load_model(folders["roformer"][0], "causal-lm")
    with pytest.raises(ValueError, match="no masked-lm model"):
        load_model(folders["gpt-neox"][0], "masked-lm")


def test_code_of_strangers_is_refused(bert):
    config = json.loads((bert / "config.json").read_text())
    config |= {
        "model_type": "mine",
        "auto_map": {"AutoConfig": "mine.Config", "AutoModelForMaskedLM": "mine.Model"},
    }
    (bert / "config.json").write_text(json.dumps(config))
    (bert / "mine.py").write_text("raise SystemExit('this ran')")
    with pytest.raises(ValueError, match="code of its own, which is never run"):
        load_model(bert, "masked-lm")


def test_places_without_a_model(tmp_path):
    with pytest.raises(TypeError, match="the model is NoneType: expected a shipped name"):
        load_model(None, "encoder")
    with pytest.raises(FileNotFoundError, match=r"has no config\.json, but nothing"):
        load_model(tmp_path, "encoder")
    with pytest.raises(FileNotFoundError, match="no folder here"):
        load_model(tmp_path / "none", "encoder")
    with pytest.raises(ValueError, match="dtype 'int4' is not known"):
        load_model(tmp_path, "encoder", dtype="int4")
