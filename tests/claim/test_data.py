import csv
import hashlib
import io
import json
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.claim.runs import OBJECTIVE, grid, run
from tradeoff.claim import claim
from tradeoff.claim.carry import table
from tradeoff.claim.data import Data, canonical_sha256, checked, frame_of, published
from tradeoff.frames import make_points

CELLS = {
    "str": st.text(min_size=1, max_size=8),
    "Int64": st.integers(-(2**62), 2**62),
    "float64": st.floats(allow_nan=False).map(lambda x: x if math.isfinite(x) else "inf" if x > 0 else "-inf"),
    "list": st.lists(st.text("abc", min_size=1, max_size=3), min_size=1, max_size=3),
}


@st.composite
def datas(draw):
    kinds = draw(st.lists(st.sampled_from(sorted(CELLS)), min_size=1, max_size=4))
    columns = [(f"c{at}", kind) for at, kind in enumerate(kinds)]
    cell = [st.none() | CELLS[kind] for kind in kinds]
    return Data(columns, draw(st.lists(st.tuples(*cell).map(list), min_size=1, max_size=5)))


@given(datas(), st.randoms(use_true_random=False))
def test_the_hash_does_not_depend_on_the_order_of_rows_or_columns(data, random):
    rows, order = list(data.rows), list(range(len(data.columns)))
    random.shuffle(rows)
    random.shuffle(order)
    other = Data([data.columns[at] for at in order], [[row[at] for at in order] for row in rows])
    assert other.sha256() == data.sha256()


@given(datas(), st.data())
def test_another_cell_is_another_hash(data, draw):
    at, column = draw.draw(st.integers(0, len(data.rows) - 1)), draw.draw(st.integers(0, len(data.columns) - 1))
    kind = data.columns[column][1]
    cell = draw.draw((st.none() | CELLS[kind]).filter(lambda value: repr(value) != repr(data.rows[at][column])))
    rows = [list(row) for row in data.rows]
    rows[at][column] = cell
    assert Data(data.columns, rows).sha256() != data.sha256()


@given(datas())
def test_the_hash_survives_json(data):
    back, problems = checked(data.columns, json.loads(json.dumps(data.rows)))
    assert problems == []
    assert back.sha256() == data.sha256()


def test_the_hash_is_the_one_that_is_documented():
    data = Data([("n", "Int64"), ("batch", "float64")], [[2, 0.1], [None, 3.0]])
    text = b'{"columns":[["batch","float64"],["n","Int64"]],"rows":[[0.1,2],[3.0,null]]}'
    assert data.sha256() == hashlib.sha256(text).hexdigest()


def test_how_a_frame_holds_its_numbers_says_nothing():
    points = make_points(grid())
    other = points.astype({"n": "float64", "batch_size": "int32", "throughput_rps": "object"})[::-1]
    assert claim(other, OBJECTIVE).data().sha256() == claim(points, OBJECTIVE).data().sha256()


def test_a_frame_comes_back_as_it_was():
    points = claim(
        run([*grid(flags=["upper_unbounded"]), *grid(dtype="x", n=None)]), f"{OBJECTIVE} at dtype float32"
    ).points
    pd.testing.assert_frame_equal(frame_of(published(points)), points)


def test_infinities_survive():
    data = Data([("x", "float64")], [["inf"], ["-inf"], [None], [1.0]])
    assert frame_of(data)["x"].tolist()[:2] == [math.inf, -math.inf]
    assert np.isnan(frame_of(data)["x"].iloc[2])


@pytest.mark.parametrize(
    ("value", "dtype"),
    [
        ("a", "float64"),
        (True, "Int64"),
        (1.5, "Int64"),
        (2**70, "Int64"),
        (5, "str"),
        ("a", "list"),
        ([1], "list"),
        ({}, "str"),
    ],
)
def test_a_cell_that_its_column_cannot_hold_is_told(value, dtype):
    data, problems = checked([("x", dtype)], [[value]])
    assert data.rows == [[None]]
    assert problems
    assert f"is not {dtype}" in problems[0]


def test_a_row_of_another_length_is_told():
    assert checked([("x", "str"), ("y", "str")], [["a"]])[1] == ["row 1 has 1 cell, not 2"]


def test_the_hash_of_a_mapping_does_not_depend_on_its_order():
    assert canonical_sha256({"a": 1, "b": {"c": 2, "d": 3}}) == canonical_sha256({"b": {"d": 3, "c": 2}, "a": 1})


# --- CSV -----------------------------------------------------------------------------------------------------------


def test_text_comes_back_from_csv():
    texts = ["=1+1", "+x", "-2+3", "@SUM", "'quoted", "''", "a,b", 'a"b', "a;b", "＝x", "x", "'=x"]
    rows = [one | {"load_detail": text} for one, text in zip(grid(), texts, strict=True)]
    found = claim(run(rows), OBJECTIVE)
    document, data, problems = table.read(table.write(found.document(), found.data()))
    assert problems == []
    assert data == found.data()
    assert sorted(frame_of(data)["load_detail"]) == sorted(texts)
    assert data.sha256() == document["claim"]["data_sha256"]


def test_no_cell_of_csv_starts_a_formula():
    rows = grid(device="=HYPERLINK(1)", dtype="+cmd", load_detail="-2+3", flags=["@SUM(1)"])
    rows = [one | {"temperature_c": -5.5} for one in rows]
    found = claim(run(rows), OBJECTIVE)
    for line in csv.reader(io.StringIO(table.write(found.document(), found.data()).decode())):
        for cell in line:
            if cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n")):
                float(cell)


def test_csv_that_pandas_has_read_and_written_still_verifies(tmp_path):
    found = claim(run(), OBJECTIVE)
    content = table.write(found.document(), found.data())
    (tmp_path / "points.csv").write_bytes(content)
    frame = pd.read_csv(tmp_path / "points.csv", dtype=str, keep_default_na=False).sample(frac=1.0, random_state=0)
    assert list(frame.columns[-3:]) == ["claim_role", "claim_data_sha256", "claim_json"]
    assert sorted(filter(None, frame["claim_role"])) == ["answer", "runner-up"]
    frame.to_csv(tmp_path / "again.csv", index=False)
    _, data, problems = table.read((tmp_path / "again.csv").read_bytes())
    assert problems == []
    assert data.sha256() == found.data().sha256()
