import pytest

from tests.tail.planted import PLANTED, Service, made, nothing
from tests.tail.together import together
from tradeoff.frames import Run, make_points


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tail") / "run"
    made(PLANTED["wait limit"], 0, 3000).save(folder)
    return folder


def test_cause_sentence_and_tables(tradeoff_command, served):
    result = tradeoff_command("tail", served)
    assert result.exit_code == 0, result.output
    first, second, *_ = result.stdout.splitlines()
    assert first.endswith(", p99: wait limit")
    assert "of the extra" in second
    assert "The wait limit of" in second
    for word in ("batch wait", "around the median", "in the tail", "share of it, %", "waiting at arrival"):
        assert word in result.stdout
    assert "Halving" not in result.stdout


def test_what_if_is_asked_for(tradeoff_command, served):
    result = tradeoff_command("tail", served, "--what-if")
    assert result.exit_code == 0
    assert "Halving the wait limit to" in result.stdout.splitlines()[-1]


def test_a_point_by_the_beginning_of_its_id_or_its_place(tradeoff_command, tmp_path):
    import tradeoff

    run = tradeoff.simulate(
        Service(5.0, 0.2), max_batch_size=[1, 4], request_rate=100, n_requests=2000, keep_samples=True
    )
    run.save(tmp_path / "run")
    identity = run.points["point_id"].iloc[0]
    by_id = tradeoff_command("tail", tmp_path / "run", identity[:6])
    by_place = tradeoff_command("tail", tmp_path / "run", "--batch-size", "1")
    assert by_id.stdout == by_place.stdout
    assert by_id.stdout.startswith(f"point {identity}, p99: ")
    assert tradeoff_command("tail", tmp_path / "run", "-b", "4", "--q", "0.9").stdout.splitlines()[0].count("p90") == 1


def test_nothing_stands_out_is_an_answer(tradeoff_command, tmp_path):
    made(nothing, 0, 3000).save(tmp_path / "run")
    result = tradeoff_command("tail", tmp_path / "run")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[0].endswith(", p99: none stands out")


def test_more_than_one_cause_is_an_answer(tradeoff_command, tmp_path):
    together(2, {"spikes": 1.0, "host pauses": 1.0}).save(tmp_path / "run")
    result = tradeoff_command("tail", tmp_path / "run")
    assert result.exit_code == 0
    first, second, *_ = result.stdout.splitlines()
    assert first.endswith((", p99: spikes and host pauses", ", p99: host pauses and spikes"))
    assert "More than one cause stands out" in second


def test_too_few_samples_is_a_no(tradeoff_command, tmp_path):
    made(nothing, 0, 500).save(tmp_path / "run")
    result = tradeoff_command("tail", tmp_path / "run", "--what-if")
    assert result.exit_code == 1
    assert result.stdout.splitlines()[0].endswith(", p99: unknown")
    assert "too few to tell" in result.stdout
    assert result.stderr == ""


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("zzzz",), "is no point of this Run"),
        (("--q", "99"), "q must be a probability from 0.6 to below 1, such as 0.99"),
        (("--q", "0.3"), "q must be a probability"),
        (("--batch-size", "1000"), "batch_size=1000: nothing was measured there, only at"),
    ],
)
def test_misuse_is_a_sentence(tradeoff_command, served, arguments, message):
    result = tradeoff_command("tail", served, *arguments)
    assert result.exit_code == 2
    assert message in " ".join(result.stderr.split())
    assert "Traceback" not in result.output


def test_a_folder_without_points_and_one_that_is_not_there(tradeoff_command, tmp_path):
    Run(make_points([])).save(tmp_path / "empty")
    assert "no points" in tradeoff_command("tail", tmp_path / "empty").stderr
    result = tradeoff_command("tail", tmp_path / "nowhere")
    assert result.exit_code == 2
    assert str(tmp_path / "nowhere") in result.stderr


def test_hostile_labels_are_text(tradeoff_command, tmp_path):
    run = made(PLANTED["spikes"], 0, 3000)
    slow = run.samples["model_ns"] > 3 * run.samples["model_ns"].median()
    samples = run.samples.assign(label=slow.map({True: "\x1b[2J[red]x", False: None}).astype("str").where(slow))
    Run(run.points, samples.astype(run.samples.dtypes), run.environment).save(tmp_path / "run")
    result = tradeoff_command("tail", tmp_path / "run")
    assert "\x1b" not in result.output
    assert "[red]x" in result.stdout
