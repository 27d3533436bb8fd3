"""Names of test cases: workers that share the tests must name them alike."""

from tests.ids import case_id


def test_a_case_is_named_the_same_in_every_process():
    assert "0x" not in case_id({"send": lambda: 5})
    assert case_id({"send": 5}) == "{'send': 5}"
