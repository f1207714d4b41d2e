"""Pages to test and the means: a parser, rows of words, and a browser that is asked and pressed through a pipe."""

import fcntl
import json
import os
import select
import shutil
import subprocess
from html.parser import HTMLParser

import pytest

from zhnlp.mining.report import write_report

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
SETTLE = "new Promise(done => setTimeout(done, 180))"  # plots are drawn a moment after the table
CORPUS = {
    "files": 2,
    "documents": 31,
    "characters": 1_234_567,
    "skipped": {"blank": 4, "not JSON": 3},
    "repaired_lines": 2,
}
SETTINGS = {
    "parameters": {"min_count": 5},
    "seed": 20240501,
    "seconds": {"count": 1.25, "score": 0.5},
}


def _line(text, word, document=0):
    start = text.index(word)
    return {"text": text, "start": start, "end": start + len(word), "document": document}


class Page(HTMLParser):
    """The elements of a page, the text of its scripts and style, and the text that a reader sees."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.inside, self.scripts, self.style, self.seen = [], [], [], "", []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag in ("script", "style"):
            self.inside.append(tag)
            if tag == "script":
                self.scripts.append("")

    def handle_endtag(self, tag):
        if self.inside and self.inside[-1] == tag:
            self.inside.pop()

    def handle_data(self, text):
        if not self.inside:
            self.seen.append(text)
        elif self.inside[-1] == "style":
            self.style += text
        else:
            self.scripts[-1] += text

    @property
    def data(self):
        return json.loads(self.scripts[0])

    @property
    def text(self):
        return " ".join(" ".join(self.seen).split())


def _pipe():
    """Two ends of a pipe, numbered so that neither is the 3 or 4 of the browser."""
    low = os.pipe()
    high = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 20) for end in low]
    for end in low:
        os.close(end)
    return high


class Browser:
    """A headless browser spoken to in its debugging protocol: JSON ended by a zero byte, over two pipes."""

    def __init__(self, profile):
        given, self.write = _pipe()
        self.read, taken = _pipe()
        command = [BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
        command += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
        command += ["--remote-debugging-pipe", f"--user-data-dir={profile}", "--window-size=1280,900"]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        connected = ["bash", "-c", f'exec "$@" 3<&{given} 4>&{taken}', "browser", *command]
        self.process = subprocess.Popen(connected, pass_fds=(given, taken), **quiet)
        os.close(given)
        os.close(taken)
        self.left, self.number, self.session = b"", 0, None
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self.errors = []
        self.ask("Runtime.enable")

    def ask(self, method, **parameters):
        """What the browser answers to one command; errors of the page are kept on the way."""
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.write, json.dumps(message).encode() + b"\0")
        while True:
            while b"\0" not in self.left:
                if not select.select([self.read], [], [], 60)[0]:
                    pytest.fail(f"the browser gave no answer to {method} within a minute")
                self.left += os.read(self.read, 1 << 16) or pytest.fail("the browser has gone")
            whole, self.left = self.left.split(b"\0", 1)
            answer = json.loads(whole)
            if answer.get("method") == "Runtime.exceptionThrown":
                self.errors.append(answer["params"]["exceptionDetails"])
            if answer.get("id") == self.number:
                assert "error" not in answer, answer
                return answer["result"]

    def run(self, script):
        """The value of a script in the page."""
        answer = self.ask("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def open(self, path, fragment=""):
        """Open a page at an address fragment; nothing of an earlier page is left."""
        for address in ("about:blank", f"{path.as_uri()}#{fragment}"):
            self.ask("Page.navigate", url=address)
            scheme = address.split(":")[0]
            while not self.run(f"location.protocol == '{scheme}:' && document.readyState == 'complete'"):
                pass
        self.run(SETTLE)
        return self

    def click(self, selector, at=0):
        """Click the element of that number that fits a selector, in the page."""
        fire = "dispatchEvent(new MouseEvent('click', {bubbles: true}))"
        self.run(f"document.querySelectorAll({json.dumps(selector)})[{at}].{fire}")
        self.run(SETTLE)

    def press(self, *keys):
        """Press keys, as a person does."""
        for key in keys:
            text = {"text": "\r"} if key == "Enter" else {}
            self.ask("Input.dispatchKeyEvent", type="keyDown", key=key, **text)
            self.ask("Input.dispatchKeyEvent", type="keyUp", key=key)
        self.run(SETTLE)

    def texts(self, selector):
        """The text of every element that fits a selector."""
        return self.run(f"[...document.querySelectorAll({json.dumps(selector)})].map(e => e.textContent)")

    @property
    def words(self):
        """The words of the table, as they stand."""
        return self.texts("#rows th button")

    @property
    def fragment(self):
        return self.run("decodeURIComponent(location.hash.slice(1))")

    def close(self):
        self.process.terminate()
        self.process.wait(20)
        os.close(self.write)
        os.close(self.read)


@pytest.fixture
def line():
    """An example line cut around a word."""
    return _line


@pytest.fixture
def hostile():
    return "</script><script>window.pwned=1</script><!--"


@pytest.fixture
def lexicon():
    """Four rows of words, with gaps."""
    return [
        {
            "word": "深度学习",
            "count": 60,
            "document_count": 9,
            "score": 7.5,
            "pmi": 6.0,
            "left_entropy": 3.0,
            "right_entropy": 2.5,
            "known": False,
            "example": _line("他研究深度学习三年", "深度学习", 4),
        },
        {
            "word": "学习",
            "count": 200,
            "score": 5.25,
            "pmi": 5.0,
            "left_entropy": 2.0,
            "right_entropy": 2.25,
            "known": True,
        },
        {"word": "的", "count": 900, "score": -1.5, "pmi": float("inf"), "known": True},
        {
            "word": "GPT-4o",
            "count": 12,
            "score": 3.0,
            "pmi": None,
            "known": False,
            "example": _line("用GPT-4o写", "GPT-4o"),
        },
    ]


@pytest.fixture
def terms():
    """Five rows of domain terms in two clusters, one in none; two unknown to the reference."""

    def row(term, count, reference, cluster, place, **more):
        text = f"关于{term}的规定"
        x, y = place
        return {
            "term": term,
            "count": count,
            "reference_count": reference,
            "document_count": 3,
            "score": count / 100,
            "ratio": 0.9,
            "log_likelihood": 12.5,
            "weirdness": 4.0,
            "c_value": 7.0,
            "tf_idf": 1.0,
            "similarity": None if cluster is None else 0.75,
            "cluster": cluster,
            "depth": None if cluster is None else 1,
            "nested": [],
            "variants": [],
            "known": True,
            "x": x,
            "y": y,
            "example": _line(text, term),
            **more,
        }

    return [
        row("主变压器", 300, 0, 7, (0, 0), nested=["变压器"], known=False),
        row("变压器", 900, 40, 7, (1, 0.5), variants=["變壓器"]),
        row("合同", 500, 600, 2, (5, 5)),
        row("条款", 80, 20, None, (None, None)),
        row("合同法", 20, 0, 2, (6, 5), nested=["合同", "同法"]),
    ]


@pytest.fixture
def page_of(tmp_path):
    """Write rows with the usual corpus and settings; gives the path."""

    def page_of(rows, corpus=CORPUS, settings=SETTINGS, **options):
        return write_report(tmp_path / "page.html", rows, corpus=corpus, settings=settings, **options)

    return page_of


@pytest.fixture
def make(page_of):
    """Write rows with the usual corpus and settings; gives what a parser finds."""
    return lambda rows, **options: Page(page_of(rows, **options).read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def _browser(tmp_path_factory):
    if BROWSER is None:
        pytest.skip("no Chromium or Chrome on this machine: the page's behaviour was not tested")
    browser = Browser(tmp_path_factory.mktemp("profile"))
    yield browser
    browser.close()


@pytest.fixture
def browser(_browser):
    """A browser; the test fails if a page raised an error."""
    _browser.errors.clear()
    yield _browser
    assert not _browser.errors
