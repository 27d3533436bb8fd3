"""One changed data cell is found, in every kind of file; so is any other change."""

import json
import random
import re
from pathlib import Path

import pytest

from tests.claim.conftest import DATE
from tests.claim.runs import OBJECTIVE, run
from tradeoff.claim import ClaimChangedError, ClaimError, claim, read_claim
from tradeoff.claim.carry import markdown, page, pdf, png, svg
from tradeoff.claim.data import canonical_sha256
from tradeoff.claim.document import as_block, as_text

CARRIERS = {
    "figure.html": page, "figure.svg": svg, "figure.png": png, "figure.pdf": pdf, "figure-dark.svg": svg,
    "figure-dark.png": png, "claim.md": markdown,
}  # fmt: skip
EVERY = (*CARRIERS, "claim.json", "points.csv")


@pytest.fixture
def copy(bundle, tmp_path):
    """Writes a changed copy of a file of the bundle."""

    def write(name: str, content: bytes) -> Path:
        assert content != (bundle / name).read_bytes()
        (tmp_path / name).write_bytes(content)
        return tmp_path / name

    return write


def document(bundle) -> dict:
    return json.loads((bundle / "claim.json").read_text("utf-8"))


def rewritten(bundle, name: str, whole: dict) -> bytes:
    """A file of the bundle with another claim inside, its own hash as it was."""
    carrier = CARRIERS[name]
    taken = carrier.take((bundle / name).read_bytes())
    own = json.loads(taken.block)["file_sha256"]
    return carrier.put(taken.rest, as_block({**whole, "file_sha256": own}))


def columns_with_numbers(whole: dict) -> list[int]:
    return [at for at, one in enumerate(whole["data"]["columns"]) if one["dtype"] in ("float64", "Int64")]


@pytest.mark.parametrize("name", CARRIERS)
def test_one_changed_cell_is_found_in_each_carrier(bundle, copy, name):
    whole = document(bundle)
    # Written again with the same claim it is the same file: what follows is found because of the cell alone.
    assert CARRIERS[name].take(rewritten(bundle, name, whole)) == CARRIERS[name].take((bundle / name).read_bytes())
    row, column = whole["data"]["rows"][5], columns_with_numbers(whole)[-1]
    row[column] = row[column] + 1
    found = read_claim(copy(name, rewritten(bundle, name, whole)))
    assert found.problems == ("the data were changed: they do not have the hash that the claim states",)
    assert not found.verified


def test_every_cell_of_json_counts(bundle, copy):
    for at in range(len(document(bundle)["data"]["columns"])):
        whole = document(bundle)
        value = whole["data"]["rows"][3][at]
        whole["data"]["rows"][3][at] = f"{value}x" if isinstance(value, str) else None
        found = read_claim(copy("claim.json", as_text(whole).encode()))
        assert not found.verified, whole["data"]["columns"][at]


def test_every_cell_of_csv_counts(bundle, copy):
    heads, first, *_ = (bundle / "points.csv").read_text("utf-8").split("\n")
    for at in range(len(heads.split(",")) - 1):
        cells = first.split(",", len(heads.split(",")) - 1)
        cells[at] = repr(float(cells[at]) + 1.0) if cells[at].replace(".", "", 1).isdecimal() else cells[at] + "x"
        lines = (bundle / "points.csv").read_text("utf-8").replace(first, ",".join(cells))
        found = read_claim(copy("points.csv", lines.encode()))
        assert not found.verified, heads.split(",")[at]


CSV_CHANGES = {
    "a row less": lambda lines: [*lines[:4], *lines[5:]],
    "a row twice": lambda lines: [*lines[:4], lines[4], *lines[4:]],
    "a word for a number": lambda lines: [*lines[:4], re.sub(r",\d+\.\d+,", ",many,", lines[4], count=1), *lines[5:]],
    "a column more": lambda lines: [f"{line},x" if line else line for line in lines],
}


@pytest.mark.parametrize("change", CSV_CHANGES)
def test_changes_of_a_csv_file_are_found(bundle, copy, change):
    lines = (bundle / "points.csv").read_text("utf-8").split("\n")
    found = read_claim(copy("points.csv", "\n".join(CSV_CHANGES[change](lines)).encode()))
    assert not found.verified


def test_rows_may_be_sorted_and_line_ends_changed(bundle, copy):
    heads, *rows = (bundle / "points.csv").read_text("utf-8").rstrip("\n").split("\n")
    assert read_claim(copy("points.csv", "\r\n".join([heads, *rows[::-1], ""]).encode())).verified
    assert read_claim(
        copy("claim.md", b"# RFC\r\n\r\n" + (bundle / "claim.md").read_bytes().replace(b"\n", b"\r\n"))
    ).verified


def visible(name: str, content: bytes) -> bytes:
    """Change a digit that people see."""
    if name.endswith(".png"):
        at = content.index(b"IDAT") + 2000
        return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]
    if name.endswith(".pdf"):
        at = content.index(b"stream\n") + 200
        return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]
    # In the page that is the data of the sliders.
    shown = {"figure.html": rb'("latency_p99_ms":\[0\.)\d', "claim.md": rb"(\| p99 latency \| )\d"}
    before, _, after = content.rpartition(b"</metadata>")
    changed, times = re.subn(shown.get(name, rb"(Data: )\d"), lambda found: found[1] + b"7", after, count=1)
    assert times == 1
    return before + b"</metadata>" * bool(before) + changed


@pytest.mark.parametrize("name", CARRIERS)
def test_a_change_of_what_is_shown_is_found(bundle, copy, name):
    found = read_claim(copy(name, visible(name, (bundle / name).read_bytes())))
    assert found.problems == ("what the file shows was changed after the claim was written",)


@pytest.mark.parametrize("name", EVERY)
def test_any_changed_byte_is_found_or_refused(bundle, copy, name):
    content = (bundle / name).read_bytes()
    digits = (
        [at for at, byte in enumerate(content) if chr(byte).isdigit()] if name in ("claim.json", "points.csv") else []
    )
    choose = random.Random(0)  # noqa: S311
    for _ in range(25):
        at = choose.choice(digits) if digits else choose.randrange(len(content))
        other = ord("0") + (content[at] - ord("0") + 1) % 10 if digits else content[at] ^ 1
        try:
            found = read_claim(copy(name, content[:at] + bytes([other]) + content[at + 1 :]))
        except ClaimError:
            continue
        # The last of seventeen digits may not make another number.
        same = bool(digits) and found.document() == read_claim(bundle / name).document()
        assert same or not found.verified, at


@pytest.mark.parametrize("name", EVERY)
def test_half_a_file_is_no_file(bundle, copy, name):
    content = (bundle / name).read_bytes()
    try:
        found = read_claim(copy(name, content[: len(content) // 2]))
    except ClaimError as error:
        assert name in str(error)  # noqa: PT017
    else:
        assert not found.verified


def test_a_changed_claim_is_found(bundle, copy):
    for key, value in (
        ("sentence", "We are the fastest."),
        ("missing", []),
        ("date", "2020-01-01"),
        ("verdict", "undecided"),
    ):
        whole = document(bundle)
        whole["claim"][key] = value
        if whole == document(bundle):
            continue
        found = read_claim(copy("claim.json", as_text(whole).encode()))
        assert found.problems[0].startswith("the claim itself was changed"), key


def test_hashes_that_were_made_anew_do_not_help_an_answer_that_does_not_follow(bundle, copy):
    whole = document(bundle)
    whole["claim"]["value"]["value"] *= 2
    whole["claim_sha256"] = canonical_sha256(whole["claim"])
    (said,) = read_claim(copy("claim.json", as_text(whole).encode())).problems
    assert re.fullmatch(r"throughput_rps is 1131\d\.\d+ in the data, and 2262\d\.\d+ in the claim", said)
    whole = document(bundle)
    whole["claim"]["verdict"] = "undecided"
    whole["claim"]["point"]["point_id"] = whole["claim"]["runner_up"]["point_id"]
    whole["claim_sha256"] = canonical_sha256(whole["claim"])
    first, second = read_claim(copy("claim.json", as_text(whole).encode())).problems
    assert first == "the data say feasible, and the claim undecided"
    assert second.endswith("answers, and the claim another")


def test_an_objective_that_cannot_be_asked_is_a_problem(bundle, copy):
    whole = document(bundle)
    whole["claim"]["objective"] = "minimize beauty"
    whole["claim_sha256"] = canonical_sha256(whole["claim"])
    (said,) = read_claim(copy("claim.json", as_text(whole).encode())).problems
    assert said.startswith("the objective cannot be asked of the data: no column 'beauty'")


def test_a_damaged_claim_inside_is_an_error_of_its_own(bundle, copy):
    changed = (bundle / "figure.svg").read_bytes().replace(b'"format":"tradeoff.claim"', b'"format":"somebody.else"', 1)
    with pytest.raises(ClaimChangedError, match=r"figure\.svg: the claim inside does not follow its schema: format"):
        read_claim(copy("figure.svg", changed))


def test_a_claim_that_was_put_into_another_picture_is_found(bundle, copy):
    block = png.take((bundle / "figure.png").read_bytes()).block
    other = png.take((bundle / "figure-dark.png").read_bytes()).rest
    found = read_claim(copy("figure.png", png.put(other, block)))
    assert found.problems == ("what the file shows was changed after the claim was written",)


def test_what_was_read_is_the_claim(bundle):
    made, found = claim(run(), OBJECTIVE, date=DATE), read_claim(bundle / "points.csv")
    assert found.document() == made.document()
    assert (found.missing(), found.findings, found.verdict) == (made.missing(), made.findings, made.verdict)
    assert found.axes == made.axes
    assert found.plot().to_plotly_json()["data"][0]["x"] is not None


@pytest.mark.parametrize("wrong", ["", None, 5])
def test_a_path_that_is_none(wrong):
    with pytest.raises(ClaimError, match="path must be a file that holds a claim"):
        read_claim(wrong)


def test_files_without_a_claim_are_named(tmp_path, bundle):
    for name in ("x.html", "x.svg", "x.png", "x.pdf", "x.csv", "x.json", "x.md", "x.txt"):
        for content in (b"", b"hello, world\n1,2\n", b"\xff\x00\x89PNG", b"{}", b'{"format": 1}'):
            (tmp_path / name).write_bytes(content)
            with pytest.raises(ClaimError, match=re.escape(name)):
                read_claim(tmp_path / name)
    with pytest.raises(ClaimError, match="cannot be read: No such file"):
        read_claim(tmp_path / "nowhere.svg")
    with pytest.raises(ClaimError, match="is a folder: name one of its files"):
        read_claim(tmp_path)
    both = (bundle / "claim.md").read_bytes()
    (tmp_path / "two.md").write_bytes(both + both)
    with pytest.raises(ClaimError, match="2 claims are in it"):
        read_claim(tmp_path / "two.md")


def test_a_claim_in_json_of_another_kind_is_refused(tmp_path):
    (tmp_path / "x.json").write_text('{"format": "tradeoff.claim", "version": 99}', "utf-8")
    with pytest.raises(ClaimError, match="of version 99, and this tradeoff reads 1: update it"):
        read_claim(tmp_path / "x.json")
