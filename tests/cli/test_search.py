import json

import pytest

CLIENT = """
from functools import partial
import tradeoff

server = partial(tradeoff.simulate, lambda size: 4.0 + size, max_batch_size=8, n_requests=1500, replications=3)
"""
ASKED = "maximize throughput subject to p99 <= 30 ms"


@pytest.fixture
def client(tmp_path, monkeypatch):
    (tmp_path / "a_client_to_search.py").write_text(CLIENT)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    return "a_client_to_search:server"


def test_the_highest_rate_and_the_exit_status(tradeoff_command, client, tmp_path):
    found = tradeoff_command("search", client, ASKED, "--request-rate", "50:2000", "--out", tmp_path / "run")
    assert found.exit_code == 0, found.output
    assert found.stdout.startswith(f"{ASKED}: feasible\nHighest rate that keeps p99 <= 30 ms: about")
    assert (tmp_path / "run" / "points.parquet").exists()
    beyond = tradeoff_command("search", client, ASKED, "-r", "5000:9000")
    assert beyond.exit_code == 1


def test_json_is_one_document(tradeoff_command, client):
    found = tradeoff_command("search", client, ASKED, "-r", "1:20", "--json")
    document = json.loads(found.stdout)
    assert found.exit_code == 0
    assert document["verdict"] == "feasible"
    assert document["lo"] == 20.0
    assert document["hi"] is None, "no rate in the range misses"
    assert document["full_calls"] is None
    assert document["decision"]["verdict"] == "feasible"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["softmax", ASKED], "needs"),
        (["softmax", ASKED, "-r", "10:20"], "package.module:function"),
        (["client:send", ASKED, "-r", "10-20"], "with a colon between"),
        (["softmax", ASKED, "-b", "0"], "--batch-size takes whole numbers"),
        (["softmax", ASKED, "-b", "1", "--effort", "2"], "--effort must be a share"),
        (["softmax", "maximise", "-b", "1"], "expected the metric"),
    ],
)
def test_misuse_is_a_sentence_and_2(tradeoff_command, words, said):
    found = tradeoff_command("search", *words)
    assert found.exit_code == 2
    assert said in found.stderr
    assert found.stdout == ""
