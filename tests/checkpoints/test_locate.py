"""From a name to a folder: order, offline messages, no waiting.

Run: pytest tests/checkpoints/test_locate.py
"""

import json
import os
import subprocess
import sys
import threading

import pytest

from zhnlp.checkpoints import shipped
from zhnlp.checkpoints.hub import refuse_pickles
from zhnlp.checkpoints.locate import locate

NOBODY = "http://127.0.0.1:9"  # no one listens there


def asked(name, cache, patterns=None, revision=None, **environment):
    """What `locate` says in a process of its own, and how often it tried to connect."""
    code = f"""
import sys
from zhnlp.checkpoints.locate import locate
import huggingface_hub
tried = []
sys.addaudithook(lambda event, _: tried.append(event) if event == "socket.connect" else None)
try:
    print(locate({name!r}, cache_dir={str(cache)!r}, patterns={patterns!r}, revision={revision!r}))
except Exception as error:
    print(type(error).__name__, error)
print(len(tried))
"""
    clean = {key: value for key, value in os.environ.items() if not key.startswith("HF_")}
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={**clean, **environment}
    )
    said, tried = result.stdout.strip().rsplit("\n", 1)
    return said, int(tried)


def test_offline_the_error_names_all_ways_out_at_once(tmp_path):
    for environment, reason, connections in (
        ({"HF_ENDPOINT": NOBODY}, f"{NOBODY} does not answer", 1),
        ({"HF_HUB_OFFLINE": "1"}, "HF_HUB_OFFLINE is set", 0),
    ):
        said, tried = asked("hfl/chinese-macbert-base", tmp_path, **environment)
        assert (
            said.startswith("ConnectionError 'hfl/chinese-macbert-base' is no shipped model")
            and reason in said
        )
        for part in (str(tmp_path), "HF_ENDPOINT=", "HF_HUB_OFFLINE=1", "hf download", "model that ships"):
            assert part in said, part
        assert all(model.name in said for model in shipped())
        assert tried == connections


COMMIT = "0123456789012345678901234567890123456789"


def cached(cache, *files):
    """The Hub library's own layout of a cached checkpoint."""
    snapshot = cache / "models--me--small" / "snapshots" / COMMIT
    snapshot.mkdir(parents=True)
    for file in files:
        (snapshot / file).write_text("{}")
    (cache / "models--me--small" / "refs").mkdir()
    (cache / "models--me--small" / "refs" / "main").write_text(COMMIT)
    return snapshot


def test_offline_the_cache_serves(tmp_path):
    snapshot = cached(tmp_path, "config.json", "model.safetensors")
    assert asked("me/small", tmp_path, HF_ENDPOINT=NOBODY)[0] == str(snapshot)
    assert asked("me/small", tmp_path, HF_HUB_OFFLINE="1")[0] == str(snapshot)


def test_a_copy_without_weights_is_for_tokenizers_only(tmp_path):
    snapshot = cached(tmp_path, "config.json", "vocab.txt")
    said, _ = asked("me/small", tmp_path, HF_HUB_OFFLINE="1")
    assert said.startswith("ConnectionError") and "has no whole copy" in said
    assert asked("me/small", tmp_path, ["vocab.txt"], HF_HUB_OFFLINE="1")[0] == str(snapshot)
    index = {"weight_map": {"a": "model-1.safetensors", "b": "model-2.safetensors"}}
    (snapshot / "model.safetensors.index.json").write_text(json.dumps(index))
    (snapshot / "model-1.safetensors").write_text("")
    assert "has no whole copy" in asked("me/small", tmp_path, HF_HUB_OFFLINE="1")[0]
    (snapshot / "model-2.safetensors").write_text("")
    assert asked("me/small", tmp_path, HF_HUB_OFFLINE="1")[0] == str(snapshot)


@pytest.fixture
def hub():
    """A Hub of our own: it says yes to everything, and to questions about models what ``answer`` is (None: hangs up)."""
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self):
            server.asked.append(self.path)
            self.send_response(200)
            self.end_headers()

        def do_GET(self):
            server.asked.append(self.path)
            if server.answer is None:
                self.connection.close()
                return
            self.send_response(server.answer)
            if server.answer == 404:
                self.send_header("X-Error-Code", "RepoNotFound")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.asked, server.answer = [], None
    server.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def test_a_cached_commit_is_served_without_asking(tmp_path, hub):
    snapshot = cached(tmp_path, "config.json", "model.safetensors", "tokenizer.json")
    assert asked("me/small", tmp_path, revision=COMMIT, HF_ENDPOINT=hub.url)[0] == str(snapshot)
    assert hub.asked == []
    assert asked("me/small", tmp_path, HF_ENDPOINT=hub.url)[0] == str(snapshot)  # main may have moved
    assert "/api/models/me/small" in hub.asked[-1]


def test_a_hub_that_fails_is_no_missing_checkpoint(tmp_path, hub):
    for answer, kind, said in (
        (None, "ConnectionError", f"{hub.url} failed"),
        (500, "ConnectionError", f"{hub.url} failed"),
        (404, "FileNotFoundError", "is not on the Hub"),
    ):
        hub.answer = answer
        for patterns in (None, ["vocab.txt"]):
            found, _ = asked("me/small", tmp_path, patterns, HF_ENDPOINT=hub.url)
            assert found.startswith(kind) and said in found, (answer, found)


def test_a_local_folder_goes_before_the_hub(tmp_path, monkeypatch):
    (tmp_path / "me" / "small").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    assert str(locate("me/small")) == "me/small" and locate(tmp_path) == tmp_path
    assert asked("me/small", tmp_path, HF_ENDPOINT=NOBODY) == ("me/small", 0)


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
