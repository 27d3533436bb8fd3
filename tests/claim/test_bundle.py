import csv
import getpass
import html.parser
import io
import json
import os
import re
import socket
import xml.etree.ElementTree as ET
import zlib
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from tests.claim.conftest import DATE
from tests.claim.runs import HOSTILE, OBJECTIVE, SECRETS, grid, row, run
from tradeoff.claim import ClaimError, NoPicturesWarning, claim, pictures, read_claim, save_claims
from tradeoff.claim.carry import png
from tradeoff.claim.pictures import NoPictureError, Pictures
from tradeoff.digits import three
from tradeoff.frames import RunFolderError

EVERY = {
    "figure.html", "figure.svg", "figure.png", "figure.pdf", "figure-dark.svg", "figure-dark.png", "points.csv",
    "claim.json", "claim.md",
}  # fmt: skip
WITHOUT_PICTURES = {"figure.html", "points.csv", "claim.json", "claim.md"}


@pytest.fixture
def no_browser(monkeypatch):
    def refuse(self):
        raise NoPictureError("there is no browser: kaleido_get_chrome installs one")

    monkeypatch.setattr(Pictures, "_open", refuse)


def names(folder: Path) -> set[str]:
    return {file.name for file in folder.iterdir()}


def contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def test_every_file_is_there_and_verifies(bundle):
    assert names(bundle) == EVERY
    sentence = claim(run(), OBJECTIVE, date=DATE).sentence()
    for file in bundle.iterdir():
        found = read_claim(file)
        assert (found.problems, found.sentence()) == ((), sentence), file.name


def test_pictures_are_what_their_names_say(bundle):
    assert (bundle / "figure.pdf").read_bytes().startswith(b"%PDF-")
    for name in ("figure.svg", "figure-dark.svg"):
        root = ET.fromstring((bundle / name).read_bytes())  # noqa: S314
        assert root.get("width") == "800"
        assert "throughput" in root.find("{http://www.w3.org/2000/svg}title").text
    for name in ("figure.png", "figure-dark.png"):
        content = (bundle / name).read_bytes()
        assert int.from_bytes(content[16:20], "big") == 1600  # two pixels for one, for print


def test_the_figure_alone_says_what_a_reviewer_needs(bundle):
    root = ET.fromstring((bundle / "figure.svg").read_bytes())  # noqa: S314
    said = " ".join(part for text in root.iter("{http://www.w3.org/2000/svg}text") for part in text.itertext())
    value = claim(run(), OBJECTIVE, date=DATE).content["value"]
    assert value["low"] < 8000 * 2**0.5 < value["high"]
    for word in (
        "Asked: maximize throughput subject to p99 ≤ 2 ms. Verdict: feasible.", "every call a batch of 8",
        "closed loop, 2 calls in flight", "regime: sustained", "n = 5 000",
        f"({three(value['low'])} to {three(value['high'])})",
        "A processor", "2026-11-20", "2026-11-24", "sha256", "p99 ≤ 2 ms", "◂ feasible", "answer 8 × 2",
    ):  # fmt: skip
        assert re.sub(r"\s", " ", word) in re.sub(r"\s", " ", said), word


def test_json_csv_and_markdown_are_the_same_bytes_each_time(bundle, tmp_path):
    claim(run(), OBJECTIVE, date=DATE).save(tmp_path / "again", dark=True)
    for name in ("claim.json", "points.csv", "claim.md"):
        assert (tmp_path / "again" / name).read_bytes() == (bundle / name).read_bytes(), name


def test_a_claim_that_was_read_can_be_saved_again(bundle, tmp_path, no_browser):
    with pytest.warns(NoPicturesWarning):
        read_claim(bundle / "figure.png").save(tmp_path / "again")
    for name in ("claim.json", "points.csv"):
        assert (tmp_path / "again" / name).read_bytes() == (bundle / name).read_bytes(), name


# --- what must not be published --------------------------------------------------------------------------------------


def unpacked(content: bytes) -> bytes:
    """A file's bytes, and everything that is packed inside it."""
    packed = [data[19:] for _, _, kind, data in png._chunks(content) if kind == b"iTXt" and data[15:16] == b"\1"]
    packed += re.findall(rb"stream\r?\n(.*?)\r?\nendstream", content, re.DOTALL)
    texts = []
    for part in packed:
        try:
            texts.append(zlib.decompress(part))
        except zlib.error:
            continue
    assert texts or not content.startswith((b"%PDF", b"\x89PNG"))
    return b"\n".join([content, *texts])


def test_no_file_names_a_person_a_host_or_a_folder(bundles):
    forbidden = {*SECRETS, str(bundles["private"].parent), os.getcwd(), str(Path.home()) + "/"}  # noqa: PTH109
    # Names such as "root" or "runner" stand in any program; those of this machine are looked for where they tell it.
    forbidden |= {name for name in (socket.gethostname(), getpass.getuser()) if len(name) > 6}
    for file in bundles["private"].iterdir():
        everything = unpacked(file.read_bytes())
        for name in forbidden:
            for spelled in (name, json.dumps(name)[1:-1], name.replace("_", "\\_")):
                assert spelled.encode() not in everything, (file.name, name)
        assert b"llama-7b" in everything or file.suffix == ".pdf"


def test_a_source_is_named_when_asked(tmp_path, no_browser):
    with pytest.warns(NoPicturesWarning):
        claim(run(), OBJECTIVE, source="results of run 17").save(tmp_path / "rfc")
    for file in (tmp_path / "rfc").iterdir():
        assert b"results of run 17" in file.read_bytes(), file.name


# --- strangers' names ------------------------------------------------------------------------------------------------


class Tags(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.text, self.links = set(), "", []

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        self.links += [value for name, value in attributes if name in ("href", "src")]
        self.text += "".join(value or "" for name, value in attributes if name == "alt")

    def handle_data(self, data):
        self.text += data


def test_hostile_names_stay_text_in_markdown(bundles):
    text = (bundles["hostile"] / "claim.md").read_text(encoding="utf-8")
    # The part with the picture in HTML is left to the test below; here the Markdown that a renderer makes tags of.
    seen = Tags()
    seen.feed(MarkdownIt("commonmark").enable("table").render(text))
    assert seen.tags <= {"picture", "source", "img", "p", "blockquote", "em", "strong", "br", "table", "thead", "tbody",
                         "tr", "th", "td", "a", "code", "hr", "ul", "li"}  # fmt: skip
    assert set(seen.links) == {"figure.svg", "points.csv", "figure.html", "claim.json"}
    assert seen.text.count(HOSTILE) >= 2
    assert "@team" not in text.replace("&#64;team", "").partition("<!-- tradeoff-claim {")[0].partition("</picture>")[2]


def test_a_row_of_a_markdown_table_keeps_its_cells(bundles):
    rendered = MarkdownIt("commonmark").enable("table").render((bundles["hostile"] / "claim.md").read_text("utf-8"))
    assert re.findall(r"<tr>(?:\s*<td>.*?</td>){3,}", rendered, re.DOTALL)
    for line in re.findall(r"<tr>(.*?)</tr>", rendered, re.DOTALL):
        assert line.count("<td") + line.count("<th") in (2, 5), line


def test_hostile_names_stay_text_in_svg_and_run_nothing(bundles, page):
    for name in ("figure.svg", "figure-dark.svg"):
        file = bundles["hostile"] / name
        root = ET.fromstring(file.read_bytes())  # noqa: S314
        kinds = {element.tag.rpartition("}")[2] for element in root.iter()}
        assert not kinds & {"script", "foreignObject", "img", "a", "iframe"}, kinds
        assert HOSTILE in root.find("{http://www.w3.org/2000/svg}desc").text
        page.goto(file.as_uri())
        assert page.evaluate("globalThis.hacked") is None
        assert page.locator("svg").first.bounding_box()["width"] == 800


def test_hostile_names_stay_text_in_json_and_csv(bundles):
    document = json.loads((bundles["hostile"] / "claim.json").read_text("utf-8"))
    assert document["claim"]["point"]["workload"] == HOSTILE
    lines = list(csv.reader(io.StringIO((bundles["hostile"] / "points.csv").read_text("utf-8"))))
    assert {len(line) for line in lines} == {len(lines[0])}
    for cell in (cell for line in lines for cell in line):
        assert not cell.startswith(("=", "+", "-", "@", "\t", "\r")) or float(cell) is not None
    for column, guarded in (("device", "'=HYPERLINK(1)"), ("flags", "'+cmd"), ("load_detail", "'-2+3")):
        assert guarded in {line[lines[0].index(column)] for line in lines}


# --- writing ---------------------------------------------------------------------------------------------------------


def test_without_a_browser_the_rest_is_written_and_says_what_to_do(tmp_path, no_browser):
    with pytest.warns(
        NoPicturesWarning, match=r"figure\.svg, figure\.png and figure\.pdf are not here, for there is no"
    ):
        claim(run(), OBJECTIVE).save(tmp_path / "rfc", pdf=True)
    assert names(tmp_path / "rfc") == WITHOUT_PICTURES
    text = (tmp_path / "rfc" / "claim.md").read_text("utf-8")
    assert "kaleido\\_get\\_chrome installs one; then save the claim again." in text
    assert "![" not in text
    assert all(read_claim(file).verified for file in (tmp_path / "rfc").iterdir())


def test_a_machine_without_a_browser_is_asked_once(monkeypatch, tmp_path):
    asked = []

    def refuse(self):
        asked.append(1)
        raise NoPictureError("no")

    monkeypatch.setattr(Pictures, "_open", refuse)
    with pytest.warns(NoPicturesWarning):
        save_claims({tmp_path / str(n): claim(run(), OBJECTIVE) for n in range(3)})
    assert asked == [1]


def test_without_kaleido_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "kaleido", None)
    with pytest.warns(NoPicturesWarning, match=r"pip install 'tradeoff\[image\]'"):
        claim(run(), OBJECTIVE).save(tmp_path / "rfc")


def test_a_browser_that_fails_is_told_without_its_own_words(tmp_path, monkeypatch):
    class Broken:
        def __init__(self, **options):
            raise RuntimeError("cannot start /srv/secret/chrome")

    import kaleido

    monkeypatch.setattr(kaleido, "Kaleido", Broken)
    with pytest.warns(NoPicturesWarning, match=r"the browser failed \(RuntimeError\): BROWSER_PATH names another"):
        claim(run(), OBJECTIVE).save(tmp_path / "rfc")
    assert b"/srv" not in (tmp_path / "rfc" / "claim.md").read_bytes()


def test_a_browser_that_is_not_there_is_told(tmp_path, monkeypatch):
    monkeypatch.setenv("BROWSER_PATH", str(tmp_path / "nowhere"))
    with pytest.warns(NoPicturesWarning, match="there is no browser: kaleido_get_chrome installs one"):
        claim(run(), OBJECTIVE).save(tmp_path / "rfc")


def test_pictures_ask_no_network(monkeypatch):
    import kaleido

    asked = {}

    class Seen(kaleido.Kaleido):
        def __init__(self, **options):
            asked.update(options)
            raise RuntimeError

    monkeypatch.setattr(kaleido, "Kaleido", Seen)
    with pytest.raises(NoPictureError), Pictures() as drawing:
        drawing.draw(claim(run(), OBJECTIVE).plot(), "svg")
    assert asked["mathjax"] is False


def test_pictures_after_the_end_are_refused():
    with Pictures() as drawing:
        pass
    assert drawing._thread is None
    assert claim(run(), OBJECTIVE).plot().layout.width == pictures.WIDTH


@pytest.fixture
def saved(tmp_path, no_browser):
    with pytest.warns(NoPicturesWarning):
        return claim(run(), OBJECTIVE, date=DATE).save(tmp_path / "rfc")


def save(folder, objective=OBJECTIVE, **options):
    with pytest.warns(NoPicturesWarning):
        return claim(run(), objective, date=DATE).save(folder, **options)


def test_the_same_claim_may_be_written_again(saved):
    before = contents(saved)
    assert contents(save(saved)) == before


def test_another_claim_is_not_written_over_unasked(saved):
    before = contents(saved)
    with pytest.raises(ClaimError, match=r"holds another claim \(maximize throughput subject to p99 <= 2 ms\): choose"):
        claim(run(), "minimize p99", date=DATE).save(saved)
    assert contents(saved) == before
    save(saved, "minimize p99", overwrite=True)
    assert read_claim(saved / "claim.json").content["objective"] == "minimize p99"


def test_where_one_of_several_is_refused_none_is_written(saved):
    with pytest.raises(ClaimError, match="holds another claim"):
        save_claims({saved.parent / "new": claim(run(), OBJECTIVE), saved: claim(run(), "minimize p99")})
    assert names(saved.parent) == {"rfc"}


def test_somebody_elses_file_is_not_written_over_unasked(tmp_path, no_browser):
    (tmp_path / "figure.png").write_bytes(b"a photograph")
    with pytest.raises(ClaimError, match=r"figure\.png is there and holds no claim that can be read: choose another"):
        claim(run(), OBJECTIVE).save(tmp_path)
    assert names(tmp_path) == {"figure.png"}
    (tmp_path / "notes.txt").write_text("mine")
    save(tmp_path, overwrite=True)
    assert names(tmp_path) == {*WITHOUT_PICTURES, "notes.txt", "figure.png"}
    assert (tmp_path / "figure.png").read_bytes() == b"a photograph"  # no picture was drawn to put there


def test_what_somebody_has_changed_is_not_written_over_unasked(saved):
    text = (saved / "claim.md").read_text("utf-8")
    (saved / "claim.md").write_text(text.replace("| verdict |", "| my verdict |"), "utf-8")
    with pytest.raises(ClaimError, match="has been changed since it was written"):
        claim(run(), OBJECTIVE, date=DATE).save(saved)
    save(saved, overwrite=True)
    assert (saved / "claim.md").read_text("utf-8") == text


def test_a_picture_of_the_claim_before_does_not_stay(bundle, tmp_path, no_browser):
    (tmp_path / "figure.pdf").write_bytes((bundle / "figure.pdf").read_bytes())
    save(tmp_path, "minimize p99", overwrite=True)
    assert names(tmp_path) == WITHOUT_PICTURES


def test_a_bundle_is_written_whole_or_not_at_all(saved, monkeypatch):
    before = contents(saved)

    def full(self, content):
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(RunFolderError, match="cannot write the bundle: No space left on device"):
        claim(run(), "minimize p99", date=DATE).save(saved, overwrite=True)
    with pytest.raises(RunFolderError, match="No space left"):
        claim(run(), OBJECTIVE, date=DATE).save(saved.parent / "new")
    monkeypatch.undo()
    assert contents(saved) == before
    assert names(saved.parent) == {"rfc"}


def test_a_path_that_is_no_folder(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(RunFolderError, match="is a file: choose a folder"):
        claim(run(), OBJECTIVE).save(tmp_path / "file")
    with pytest.raises(TypeError, match="path must be"):
        claim(run(), OBJECTIVE).save(5)


def test_a_claim_that_does_not_verify_is_not_published_again(saved):
    document = json.loads((saved / "claim.json").read_text("utf-8"))
    document["claim"]["value"]["value"] += 1
    (saved / "claim.json").write_text(json.dumps(document), "utf-8")
    with pytest.raises(ClaimError, match="this claim does not verify"):
        read_claim(saved / "claim.json").save(saved.parent / "again")


def test_a_mark_stands_in_every_file(tmp_path):
    asked = {
        "INCOMPLETE": ([row() | {"device": None}], OBJECTIVE),
        "INFEASIBLE": (grid(), "maximize throughput subject to p99 <= 0.1 ms"),
        "UNDECIDED": ([row()], "maximize throughput subject to p99 <= 0.31 ms"),
    }
    save_claims({tmp_path / mark: claim(run(rows), objective) for mark, (rows, objective) in asked.items()}, pdf=True)
    for mark in asked:
        for file in (tmp_path / mark).iterdir():
            assert mark.encode() in unpacked(file.read_bytes()), file.name
        svg = ET.fromstring((tmp_path / mark / "figure.svg").read_bytes())  # noqa: S314
        shown = [part for text in svg.iter("{http://www.w3.org/2000/svg}text") for part in text.itertext()]
        assert mark in shown, mark


def test_points_that_no_slider_fits_get_a_page_with_the_figure(tmp_path, no_browser, page):
    rows = [{name: value for name, value in row(n=5000 + at).items() if name not in ("batch_size", "concurrency")}
            | {"load_detail": str(at)} for at in range(3)]  # fmt: skip
    save_claims_quietly({tmp_path / "rfc": claim(run(rows), OBJECTIVE)})
    page.goto((tmp_path / "rfc" / "figure.html").as_uri())
    page.locator(".report[data-ready]").wait_for()
    assert "No sliders: no point has a value" in page.locator("[data-readout=sentence]").inner_text()
    assert read_claim(tmp_path / "rfc" / "figure.html").verified


def save_claims_quietly(claims):
    with pytest.warns(NoPicturesWarning):
        save_claims(claims)
