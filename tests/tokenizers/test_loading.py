"""``load``: old folders, classes that lose half the tokenizer, and everything that is refused, with the reason.

Run: pytest tests/tokenizers/test_loading.py
"""

import json
import pickle
import subprocess
import sys

import pytest
from tokenizer_families import BERT, SPECIAL, bert, qwen, t5, uer_gpt2, vocabulary, write

from zhnlp import tokenizers
from zhnlp.tokenizers import build_tokenizer, load, train_char_vocab
from zhnlp.tokenizers.checks import PROBE

TEXT = "我们学习ABC"
CUT = ["我", "们", "学", "习", "##a", "##b", "##c"]


@pytest.mark.parametrize(
    "config",
    [
        {"model_type": "bert"},
        {"model_type": "roberta"},  # named so by people who trained BERT without sentence pairs
        {"model_type": "albert"},
        {"model_type": "roformer"},
        {"model_type": "nezha"},  # gone from transformers
        {"model_type": "gpt2"},
        {"model_type": "mt5"},  # T5-PEGASUS
        {"model_type": "bart", "tokenizer_class": "BertTokenizer"},
        {},
        None,
    ],
)
def test_a_vocab_txt_is_word_piece_whatever_the_configuration_calls_it(tmp_path, config):
    files = {"vocab.txt": vocabulary(BERT)}
    if config is not None:
        files["config.json"] = {"vocab_size": len(BERT), **config}
    tokenizer = load(write(tmp_path, files))
    assert tokenizer.tokenize("我们学习 ABC") == ["我", "们", "学", "习", "a", "##b", "##c"]
    assert tokenizer("我")["input_ids"] == [BERT.index("[CLS]"), BERT.index("我"), BERT.index("[SEP]")]
    assert len(tokenizer) == len(BERT)


def test_files_alone_load(tmp_path):
    folder = bert(tmp_path)
    load(folder).backend_tokenizer.save(str(tmp_path / "tokenizer.json"))
    for file in ("vocab.txt", "tokenizer.json"):
        tokenizer = load(folder / file)
        assert tokenizer.tokenize("我们Abc") == ["我", "们", "a", "##b", "##c"]
        assert tokenizer.pad_token == "[PAD]" and tokenizer.mask_token == "[MASK]"


def test_line_ends_byte_order_mark_and_blank_entries_do_not_shift_ids(tmp_path):
    (tmp_path / "vocab.txt").write_bytes(
        b"\xef\xbb\xbf" + "\r\n".join([*SPECIAL, "", "我", "我", "们"]).encode()
    )
    tokenizer = load(tmp_path, check=False)
    assert tokenizer("我们", add_special_tokens=False)["input_ids"] == [6, 8]


def test_a_vocabulary_without_mask_gets_none_added(tmp_path):
    """BertTokenizer would give [MASK] an id that the embedding does not have."""
    pieces = [piece for piece in BERT if piece not in ("[MASK]", "[SEP]")]
    tokenizer = load(
        write(tmp_path, {"vocab.txt": vocabulary(pieces), "config.json": {"vocab_size": len(pieces)}})
    )
    assert len(tokenizer) == len(pieces) and tokenizer.mask_token is None
    assert tokenizer.convert_ids_to_tokens(tokenizer("我们")["input_ids"]) == ["[CLS]", "我", "们"]
    assert tokenizer.decode(tokenizer("我们Ab")["input_ids"], skip_special_tokens=True) == "我 们 ab"


@pytest.mark.parametrize("name", ["BertTokenizer", "BertTokenizerFast"])
def test_a_normaliser_that_the_class_would_replace_stays(tmp_path, name):
    """transformers 5 makes a BertTokenizer of any tokenizer.json so named, and loses the width folding."""
    ours = build_tokenizer(train_char_vocab([PROBE], min_count=1, min_sign=1, latin_pieces=0))
    ours.save_pretrained(tmp_path)
    config = json.loads((tmp_path / "tokenizer_config.json").read_text("utf-8"))
    write(tmp_path, {"tokenizer_config.json": {**config, "tokenizer_class": name}})
    for text in ("Ａ１我", "的\n一", "iPhone15"):
        assert load(tmp_path).tokenize(text) == ours.tokenize(text)


def test_code_of_a_checkpoint_is_not_run(tmp_path):
    code = {"auto_map": {"AutoTokenizer": ["tokenization_evil.EvilTokenizer", None]}}
    evil = {"tokenization_evil.py": f"open({str(tmp_path / 'ran')!r}, 'w')\nclass EvilTokenizer: ...\n"}
    with_json = qwen(tmp_path / "a")
    write(with_json, {"tokenizer_config.json": code, **evil})
    assert load(with_json).decode(load(with_json)("我们")["input_ids"]) == "我们"
    without = write(
        tmp_path / "b",
        {"x.model": "", "config.json": {"model_type": "own"}, "tokenizer_config.json": code, **evil},
    )
    with pytest.raises(ValueError, match="which zhnlp never runs"):
        load(without)
    assert not (tmp_path / "ran").exists()


def test_missing_files_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"\./nowhere is no folder here: .*Shipped models"):
        load("./nowhere")
    with pytest.raises(FileNotFoundError, match=r"expected tokenizer.json, vocab.txt.*it is empty"):
        load(tmp_path)
    write(tmp_path, {"config.json": {"model_type": "bert", "vocab_size": 21128}})
    with pytest.raises(FileNotFoundError, match=r"holds no tokenizer.*found config.json"):
        load(tmp_path)
    write(tmp_path, {"notes.doc": ""})
    with pytest.raises(ValueError, match="is no tokenizer"):
        load(tmp_path / "notes.doc")


def test_a_pickle_is_never_opened(tmp_path):
    class Bomb:
        def __reduce__(self):
            return open, (str(tmp_path / "ran"), "w")

    (tmp_path / "tokenizer.pkl").write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(FileNotFoundError, match=r"tokenizer.pkl is a pickle and never opened"):
        load(tmp_path)
    assert not (tmp_path / "ran").exists()


def test_a_vocabulary_of_other_things_is_refused(tmp_path):
    write(tmp_path, {"vocab.txt": "我们\n学习\n"})
    with pytest.raises(ValueError, match=r"2 entries and no \[UNK\]"):
        load(tmp_path)
    (tmp_path / "vocab.txt").write_bytes("[UNK]\n中文\n".encode("gb18030"))
    with pytest.raises(ValueError, match="is not UTF-8"):
        load(tmp_path)
    (tmp_path / "tokenizer.json").write_text("{")
    with pytest.raises(ValueError, match=r"tokenizer.json"):
        load(tmp_path)


def test_sentence_piece_without_its_library_says_what_to_install(tmp_path):
    write(t5(tmp_path), {"spiece.model": "no protobuf"})
    (tmp_path / "tokenizer.json").unlink()
    with pytest.raises(ValueError, match=r"pip install sentencepiece|common characters become \[UNK\]"):
        load(tmp_path)


@pytest.fixture
def offline(monkeypatch):
    """What HF_HUB_OFFLINE=1 sets when it stands there before Python starts."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)


def test_offline_names_the_cache_the_variables_and_what_ships(tmp_path, offline):
    with pytest.raises(ConnectionError) as refused:
        load("hfl/chinese-roberta-wwm-ext", cache_dir=tmp_path)
    for word in (str(tmp_path), "HF_HUB_OFFLINE is set", "HF_ENDPOINT", "a model that ships"):
        assert word in str(refused.value)


def test_a_hub_id_in_the_cache_loads_offline(tmp_path, offline):
    """The layout of the Hub library's cache, made by hand."""
    commit = "0" * 40
    repo = tmp_path / "models--me--bert"
    bert(repo / "snapshots" / commit)
    write(repo / "refs", {"main": commit, "v1": commit})
    for revision in (None, "v1", commit):
        tokenizer = load("me/bert", cache_dir=tmp_path, revision=revision)
        assert tokenizer.tokenize("我们ab") == ["我", "们", "a", "##b"]
    with pytest.raises(ConnectionError, match=r"'me/bert' is no shipped model.*has no whole copy"):
        load("me/bert", cache_dir=tmp_path, revision="v2")


def test_saved_and_loaded_again_by_transformers(tmp_path):
    from transformers import AutoTokenizer

    tokenizer = load(uer_gpt2(tmp_path / "uer"))
    tokenizer.save_pretrained(tmp_path / "saved")
    again = AutoTokenizer.from_pretrained(tmp_path / "saved")
    assert again.tokenize(TEXT) == tokenizer.tokenize(TEXT)
    assert (again.bos_token, again.eos_token, again.model_max_length) == ("[CLS]", "[SEP]", 1024)


def test_names_stay_functions_whatever_was_imported_first():
    import zhnlp.tokenizers.loading
    import zhnlp.tokenizers.pruning  # noqa: F401

    assert callable(tokenizers.load) and callable(tokenizers.prune) and tokenizers.load is load
    with pytest.raises(AttributeError, match="it has Alignment"):
        tokenizers.no_such_name  # noqa: B018


def test_importing_the_room_is_light():
    code = "import sys, zhnlp.tokenizers; print([m for m in ('torch', 'transformers', 'tokenizers', 'jieba') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "[]"


def test_what_is_no_name_is_refused():
    for empty in ("", " "):
        with pytest.raises(
            FileNotFoundError, match="is empty: expected a shipped name, a folder or a Hub id"
        ):
            load(empty)
    for wrong in (None, 3, b"x"):
        with pytest.raises(TypeError, match=f"got {type(wrong).__name__}: expected a shipped name"):
            load(wrong)
