"""pipeline("text-generation", folder) on a tiny checkpoint of each Chinese family: it writes, stops, and cuts no character.

Run: pytest tests/tasks/test_causal_families.py
"""

import pytest
from causal_families import FAMILIES, PLACES, SENTENCE

from zhnlp import pipeline
from zhnlp.tokenizers import encode_prompt, load

PROMPT = "今天"
GREEDY = {"temperature": 0, "repetition_penalty": 1.0}


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    return {name: write(tmp_path_factory.mktemp(name)) for name, write in FAMILIES.items()}


@pytest.fixture(scope="module", params=FAMILIES)
def family(request):
    return request.param


@pytest.fixture(scope="module")
def pipe(family, folders):
    return pipeline("text-generation", folders[family], max_new_tokens=40, seed=1)


def test_it_writes_on_and_stops_at_its_end(pipe):
    """Of 40 tokens that it may write it takes those of the sentence."""
    pieces = []
    result = pipe(PROMPT, stream=pieces.append, **GREEDY)
    assert result["text"] == SENTENCE.removeprefix(PROMPT)
    assert "".join(pieces) == result["text"] and len(pieces) > 3
    assert pipe(PROMPT, num_beams=3, repetition_penalty=1.0)["text"] == result["text"]
    assert pipe(["今天我们", PROMPT], **GREEDY)[1]["text"] == result["text"]


def test_ids_are_those_of_the_tokenizer(pipe):
    tokenizer, config = pipe.tokenizer, pipe.model.config
    for owner in (config, pipe.model.generation_config):
        assert owner.eos_token_id == tokenizer.eos_token_id < config.vocab_size
        assert owner.bos_token_id == tokenizer.bos_token_id and owner.pad_token_id is not None
    assert pipe.limit == config.n_positions


def test_a_prompt_never_ends_with_its_end(family, folders):
    tokenizer = load(folders[family])
    ids = encode_prompt(tokenizer, PROMPT)
    assert tokenizer.eos_token_id not in ids and tokenizer.decode(ids[-1:]) != "[SEP]"
    if family != "wenzhong":
        assert tokenizer.convert_ids_to_tokens(ids) == ["[CLS]", *PROMPT]


@pytest.mark.parametrize("stop", ["学习中", "事，你", "。"])
def test_a_stop_string_across_tokens(pipe, stop):
    pieces = []
    result = pipe(PROMPT, stop=stop, stream=pieces.append, **GREEDY)
    assert result["text"] == SENTENCE[len(PROMPT) : SENTENCE.index(stop)] == "".join(pieces)


def test_a_prompt_longer_than_the_positions(pipe, family):
    long = "你们看看" * PLACES + SENTENCE[:6]
    with pytest.warns(UserWarning, match="1 of 1 texts were too long"):
        result = pipe(long, max_new_tokens=8, **GREEDY)
    assert result["text"] and "\ufffd" not in result["text"] and "[SEP]" not in result["text"]


def test_pieces_of_a_stream_hold_no_broken_character(pipe):
    """However wildly it draws, and wherever it is cut off."""
    for most in range(1, 12):
        pieces = []
        result = pipe(
            PROMPT, stream=pieces.append, max_new_tokens=most, temperature=4.0, top_k=0, top_p=1.0, seed=most
        )
        assert "".join(pieces) == result["text"] and all(pieces)
        assert "\ufffd" not in result["text"]


def test_bytes_are_cut_between_characters(folders):
    """Every length of the greedy text is a beginning of it; a cut prompt begins with a whole character."""
    pipe = pipeline("text-generation", folders["wenzhong"], max_new_tokens=40)
    whole = SENTENCE.removeprefix(PROMPT)
    found = [pipe(PROMPT, max_new_tokens=most, **GREEDY)["text"] for most in range(1, 40)]
    assert all(whole.startswith(text) for text in found) and found[-1] == whole
    assert len(set(found)) < len(found)  # some lengths add no character
    tokens = pipe.tokenizer("我们" * 9)["input_ids"]
    for start in range(len(tokens) - 8):
        kept = pipe._from_whole_character(tokens[start:])
        assert len(tokens) - start - len(kept) < 4
        assert "\ufffd" not in pipe.tokenizer.decode(kept)


def test_saved_again_it_needs_no_repair(pipe, tmp_path):
    folder = pipe.save(tmp_path / "saved")
    again = pipeline("text-generation", folder, max_new_tokens=40)
    assert again(PROMPT, **GREEDY) == pipe(PROMPT, **GREEDY)
