"""From a name to a folder: order, offline messages, no waiting.

Run: pytest tests/checkpoints/test_locate.py
"""

import os
import subprocess
import sys
import time

import pytest

from zhnlp.checkpoints import shipped
from zhnlp.checkpoints.hub import refuse_pickles
from zhnlp.checkpoints.locate import locate

NOBODY = "http://127.0.0.1:9"  # no one listens there


def asked(name, cache, **environment):
    """What `locate` says in a process of its own, and the seconds it took to say it."""
    code = f"""
import time
from zhnlp.checkpoints.locate import locate
import huggingface_hub
begin = time.perf_counter()
try:
    print(locate({name!r}, cache_dir={str(cache)!r}))
except Exception as error:
    print(type(error).__name__, error)
print(time.perf_counter() - begin)
"""
    clean = {key: value for key, value in os.environ.items() if not key.startswith("HF_")}
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={**clean, **environment}
    )
    said, seconds = result.stdout.strip().rsplit("\n", 1)
    return said, float(seconds)


def test_offline_the_error_names_all_ways_out_at_once(tmp_path):
    for environment, reason in (
        ({"HF_ENDPOINT": NOBODY}, f"{NOBODY} does not answer"),
        ({"HF_HUB_OFFLINE": "1"}, "HF_HUB_OFFLINE is set"),
    ):
        said, seconds = asked("hfl/chinese-macbert-base", tmp_path, **environment)
        assert (
            said.startswith("ConnectionError 'hfl/chinese-macbert-base' is no shipped model")
            and reason in said
        )
        for part in (str(tmp_path), "HF_ENDPOINT=", "HF_HUB_OFFLINE=1", "hf download", "model that ships"):
            assert part in said, part
        assert all(model.name in said for model in shipped())
        assert seconds < 15


def test_offline_the_cache_serves(tmp_path):
    """The Hub library's own layout of a cached checkpoint."""
    commit = "0123456789012345678901234567890123456789"
    snapshot = tmp_path / "models--me--small" / "snapshots" / commit
    snapshot.mkdir(parents=True)
    (snapshot / "config.json").write_text("{}")
    (tmp_path / "models--me--small" / "refs").mkdir()
    (tmp_path / "models--me--small" / "refs" / "main").write_text(commit)
    said, _ = asked("me/small", tmp_path, HF_ENDPOINT=NOBODY)
    assert said == str(snapshot)


def test_a_local_folder_goes_before_the_hub(tmp_path, monkeypatch):
    (tmp_path / "me" / "small").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    begin = time.perf_counter()
    assert str(locate("me/small")) == "me/small" and locate(tmp_path) == tmp_path
    assert time.perf_counter() - begin < 1


def test_what_can_be_no_hub_id_is_refused_without_asking(tmp_path):
    (tmp_path / "model.safetensors").write_bytes(b"")
    for wrong, kind, said in (
        ("./no-such", FileNotFoundError, "no folder here"),
        ("a/b/c", FileNotFoundError, "no folder here"),
        (tmp_path / "none", FileNotFoundError, "no folder here"),
        ("zhnlp-huge", FileNotFoundError, "does not ship with zhnlp"),
        ("", FileNotFoundError, "is empty"),
        (" ", FileNotFoundError, "is empty"),
        (tmp_path / "model.safetensors", ValueError, "is a file"),
    ):
        with pytest.raises(kind, match=said):
            locate(wrong)


def test_pickles_of_a_hub_checkpoint_are_refused_before_anything_is_fetched():
    refuse_pickles("me/x", ["model.safetensors", "pytorch_model.bin"])
    refuse_pickles("me/x", ["model.safetensors.index.json", "model-00001-of-2.safetensors"])
    with pytest.raises(ValueError, match="refs/pr"):
        refuse_pickles("me/x", ["config.json", "pytorch_model-00001-of-2.bin"])
    with pytest.raises(ValueError, match=r"holds no weights.*got README\.md"):
        refuse_pickles("me/x", ["README.md", "onnx/model.safetensors"])
