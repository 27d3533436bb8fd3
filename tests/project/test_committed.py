"""What may be in the repository at all."""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LARGEST_NOTEBOOK_BYTES = 300_000


def committed() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True).stdout
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def test_notebooks_are_small():
    large = {file.name: file.stat().st_size for file in committed() if file.suffix == ".ipynb"}
    assert {name: size for name, size in large.items() if size > LARGEST_NOTEBOOK_BYTES} == {}


def test_no_file_names_a_place_on_somebodys_machine():
    place = re.compile(rb"/(?:home|Users)/(?!somebody|someone|user\b|me\b|ada\b|alice\b|bob\b)[a-z]\w*/")
    named = {
        str(file.relative_to(ROOT)): found[0]
        for file in committed()
        if file.suffix not in (".parquet", ".png") and (found := place.search(file.read_bytes()))
    }
    assert named == {}


def test_the_licence_is_apaches():
    text = (ROOT / "LICENSE").read_text()
    assert "Apache License" in text
    assert "Version 2.0, January 2004" in text
    assert "END OF TERMS AND CONDITIONS" in text
