import tradeoff
from tradeoff.frames import Run


def served():
    return tradeoff.serve(
        lambda batch: batch, max_batch_size=2, load=tradeoff.Trace([0.0, 0.0, 0.01, 0.02]), max_wait_ms=1, name="w",
        progress=False,
    )  # fmt: skip


def test_the_same_to_the_nanosecond(tradeoff_command, tmp_path):
    served().save(tmp_path / "served")
    result = tradeoff_command("replay", tmp_path / "served")
    assert result.exit_code == 0, result.output
    assert "1 of 1 point the same, to the nanosecond" in result.stdout


def test_stamps_that_were_changed_are_found(tradeoff_command, tmp_path):
    run = served()
    samples = run.samples.assign(dispatched_ns=run.samples["dispatched_ns"] + 1)
    Run(run.points, samples, run.environment).save(tmp_path / "served")
    result = tradeoff_command("replay", tmp_path / "served")
    assert result.exit_code == 1
    assert "0 of 1 point the same" in result.stdout
    assert " no " in result.stdout


def test_a_run_that_was_not_served_is_a_sentence(tradeoff_command, run_folder):
    result = tradeoff_command("replay", run_folder)
    assert result.exit_code == 2
    assert "nothing to replay" in result.stderr
