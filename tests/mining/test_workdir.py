"""The folder of an out-of-core job keeps what is not its own."""

from zhnlp import WordDiscoverer

TEXTS = ["变压器检修，继电保护动作"] * 20 + ["主变压器油，保护装置"] * 20


def test_files_of_others_in_a_used_workdir_survive(tmp_path):
    def mine():
        discoverer = WordDiscoverer(memory="300MB", workdir=tmp_path, threads=1, progress=False)
        return discoverer.fit(TEXTS).freeze().words

    first = mine()
    (tmp_path / "mine.npy").write_bytes(b"a matrix of somebody's")
    assert mine() == first
    assert (tmp_path / "mine.npy").read_bytes() == b"a matrix of somebody's"
