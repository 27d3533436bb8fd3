"""Putting a claim into files of each kind, and taking it out again; no browser, no claim."""

import json
import re
import struct
import xml.etree.ElementTree as ET
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.claim.runs import HOSTILE
from tradeoff.claim.carry import markdown, page, pdf, png, svg, unpack
from tradeoff.claim.carry.unpack import unpacked
from tradeoff.claim.errors import ClaimChangedError


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def small_png():
    """One white pixel, by the PNG specification."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"\0\xff")) + chunk(b"IEND", b"")


def small_pdf():
    """An empty page, with a classic table of references."""
    objects = [b"<</Type /Catalog/Pages 2 0 R>>", b"<</Type /Pages/Kids [3 0 R]/Count 1>>",
               b"<</Type /Page/Parent 2 0 R/MediaBox [0 0 9 9]>>"]  # fmt: skip
    body, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, start=1):
        places.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"xref\n0 4\n0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % at for at in places)
    return body + table + b"trailer\n<</Size 4\n/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % len(body)


SVG = b'<svg class="x" xmlns="http://www.w3.org/2000/svg" width="9"><text>one</text></svg>'
FILES = {
    "html": (page, b"<!doctype html>\n<html><body>\n<p>one</p>\n</body>\n</html>\n"),
    "svg": (svg, SVG),
    "png": (png, small_png()),
    "pdf": (pdf, small_pdf()),
    "md": (markdown, b"one\n\ntwo\n"),
}
BLOCKS = st.dictionaries(st.text("abc{}\\\"' ", max_size=5), st.text("xyz\u0394", max_size=20), max_size=5).map(
    lambda content: json.dumps(content).replace("<", "\\u003c")
)


@pytest.mark.parametrize("kind", FILES)
@given(block=BLOCKS)
def test_block_and_rest_come_back(kind, block):
    carrier, content = FILES[kind]
    carried = carrier.put(content, block)
    assert carrier.take(carried) == (block, content)


@pytest.mark.parametrize("kind", FILES)
def test_nothing_is_found_where_nothing_is(kind):
    carrier, content = FILES[kind]
    for other in (content, b"", b"\x00" * 50, b"<svg", b"%PDF-1.4\n", b"\x89PNG\r\n\x1a\n"):
        assert carrier.take(other) is None


@pytest.mark.parametrize("kind", ["html", "svg", "md"])
def test_line_ends_are_no_change(kind):
    carrier, content = FILES[kind]
    carried = carrier.put(content, "{}")
    assert carrier.take(carried.replace(b"\n", b"\r\n")) == carrier.take(carried)


@pytest.mark.parametrize("kind", ["svg", "png", "pdf"])
def test_what_is_no_picture_cannot_be_put_into(kind):
    with pytest.raises(ValueError, match=r"this (is no|PDF has no trailer)"):
        FILES[kind][0].put(b"nothing", "{}")


def test_an_svg_stays_one_and_says_its_words():
    content = svg.put(svg.described(SVG, title=HOSTILE, description="a \x07 b & c"), "{}")
    root = ET.fromstring(content)  # noqa: S314
    assert [element.tag.rpartition("}")[2] for element in root] == ["metadata", "title", "desc", "text"]
    assert root[1].text == HOSTILE
    assert root[2].text == "a b & c"
    assert root.get("role") == "img"


def test_a_png_keeps_every_chunk_in_order_with_its_checksum():
    content = png.put(png.described(small_png(), title="title", description="ünïcode"), "{}")
    found = list(png._chunks(content))
    assert [kind for _, _, kind, _ in found] == [b"IHDR", b"IDAT", b"iTXt", b"iTXt", b"iTXt", b"IEND"]
    assert found[-1][1] == len(content)
    for start, end, kind, data in found:
        assert content[start:end] == chunk(kind, data)
    assert found[3][3] == b"Description\0\0\0\0\0" + "ünïcode".encode()


def test_a_pdf_keeps_what_it_was_and_its_tables_point_at_objects():
    before = small_pdf()
    content = pdf.put(pdf.described(before, title="(title", description="Δ"), '{"a": 1}')
    assert content.startswith(before)
    starts = [int(number) for number in re.findall(rb"startxref\n(\d+)\n", content)]
    assert len(starts) == 3
    for start in starts:
        assert content[start : start + 5] == b"xref\n"
    for start in starts[1:]:
        number, place = re.match(rb"xref\n(\d+) 1\n(\d{10}) 00000 n \n", content[start:]).groups()
        assert content[int(place) :].startswith(number + b" 0 obj\n")
    trailer = content[starts[2] :]
    assert b"/Prev %d" % starts[1] in trailer
    assert b"/Info 4 0 R" in trailer
    assert b"/Root 1 0 R" in trailer
    assert b"/Size 6" in trailer
    title = re.search(rb"/Title <([0-9A-F]+)>", content)[1]
    assert bytes.fromhex(title.decode()).decode("utf-16") == "(title"


def test_a_pdf_that_another_program_has_written_to_is_no_longer_the_claims():
    content = pdf.put(small_pdf(), "{}")
    for changed in (content + b"\n", content.replace(b"/Size 5", b"/Size 6")):
        with pytest.raises(ClaimChangedError, match="another program"):
            pdf.take(changed)


def test_a_damaged_chunk_is_told():
    content = png.put(small_png(), '{"a": 1}')
    at = content.index(b"tradeoff-claim") + 20
    with pytest.raises(ClaimChangedError, match="its checksum does not fit"):
        png.take(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])


@pytest.mark.parametrize("packed", [b"", b"nothing", zlib.compress(b"x" * 1000)[:-4]])
def test_what_cannot_be_unpacked_is_told(packed):
    with pytest.raises(ClaimChangedError, match="the claim inside is damaged"):
        unpacked(packed)


def test_what_unpacks_to_too_much_is_refused(monkeypatch):
    monkeypatch.setattr(unpack, "MOST_BYTES", 100)
    with pytest.raises(ClaimChangedError, match="too large"):
        unpacked(zlib.compress(b"x" * 1000))


def test_markdown_may_hold_more_than_the_claim():
    carried = markdown.put(b"one\n", '{"a": 1}')
    assert markdown.take(b"# An RFC\n\n" + carried + b"\nMore text.\n") == ('{"a": 1}', b"one\n")
    assert markdown.count(carried + carried) == 2
