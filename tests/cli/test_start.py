import os
import subprocess
import sys

START = [sys.executable, "-c", "from tradeoff.cli import main; main()"]


def run(*words, **options):
    return subprocess.run([*START, *words], capture_output=True, timeout=120, check=False, **options)


def test_a_pipe_whose_reader_has_left_ends_the_command_as_any_other():
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as closed:
        ended = subprocess.run(
            [*START, "workloads"], stdout=closed, stderr=subprocess.PIPE, timeout=120, check=False, text=True
        )
    assert (ended.returncode, ended.stderr) == (141, "")


def test_a_terminal_that_lacks_a_letter_still_shows_the_rest(run_folder):
    variables = {**os.environ, "PYTHONIOENCODING": "latin-1"}
    ended = run("explore", run_folder, "--out", run_folder / "Ω.html", env=variables)
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert b"\\u03a9.html" in ended.stdout


def test_ctrl_c_before_the_command_runs_is_a_sentence():
    interrupt = (
        "import sys\n"
        "class Interrupts:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'typer': raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Interrupts())\n"
        "from tradeoff.cli import main; main()\n"
    )
    ended = subprocess.run([sys.executable, "-c", interrupt], capture_output=True, timeout=120, check=False, text=True)
    assert (ended.returncode, ended.stderr) == (130, "Stopped.\n")
