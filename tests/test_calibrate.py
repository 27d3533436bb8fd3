import pytest

import tradeoff
from tests.serving.test_calibration import as_if_served, gamma
from tradeoff.calibrate import Calibration


@pytest.fixture(scope="module")
def calibration():
    return tradeoff.calibrate(as_if_served(gamma, request_rate=[100, 200]))


def disagreeing(calibration, place=0):
    table = calibration.table.copy()
    table.loc[place, "agrees_p99"] = False
    table.loc[place, "difference_p99_pct"] = -35.0
    table.loc[place, "why"] = "slow batches come in a row (correlation 0.60): drawn one by one they hurt less"
    return Calibration(table, calibration.draws)


def test_what_agrees_is_said(calibration):
    assert (calibration.table["utilisation"] < 0.8).all()
    assert calibration.sentence() == (
        "2 of 2 points below 80 % busy agree with the simulator: p50 within 5 %, p99 within 10 %, or inside the "
        "interval of the difference."
    )
    assert repr(calibration).startswith("Calibration(2 points: ")


def test_what_cannot_be_told_is_not_said_to_agree(calibration):
    table = calibration.table.astype({"agrees_p99": object})
    table.loc[0, "agrees_p99"] = None
    unknown = Calibration(table, calibration.draws)
    assert unknown.sentence().startswith("1 of 2 points below 80 % busy agree")
    assert "Of 1 it cannot be told" in unknown.sentence()
    assert (calibration.agrees, unknown.agrees) == (True, None)
    assert unknown.cells()[1][-2] == "cannot tell"


def test_what_does_not_is_said_with_its_cause(calibration):
    assert disagreeing(calibration).agrees is False
    said = disagreeing(calibration).sentence()
    assert said.startswith("1 of 2 points below 80 % busy agree")
    assert "At 100 requests/s p99 is 35.0 % less when simulated: slow batches come in a row" in said


def test_above_the_load_it_speaks_for_nothing_is_claimed(calibration):
    table = calibration.table.assign(utilisation=0.95)
    assert "nothing is claimed" in Calibration(table, 20).sentence()
    assert Calibration(table, 20).agrees is None


def test_a_page_has_figure_table_and_cause(calibration, tmp_path, page):
    path = disagreeing(calibration).save(tmp_path / "calibration.html")
    page.context.set_offline(True)
    page.goto(path.as_uri())
    page.locator(".report[data-ready]").wait_for()
    assert "1 of 2 points" in page.locator("[data-readout=sentence]").inner_text()
    assert page.locator(".report tbody tr").count() == 2
    assert [cell.inner_text() for cell in page.locator(".report tbody tr td:nth-last-child(2)").all()] == ["no", "yes"]
    assert "slow batches come in a row" in page.locator(".report tbody tr td:last-child").first.inner_text()
    assert "−35 %" in page.locator(".report-plot").inner_text()
    assert page.locator(".report-plot path.point").count() == 8


def test_the_reader_chooses_the_theme(calibration, tmp_path, page):
    path = calibration.save(tmp_path / "calibration.html")
    page.emulate_media(color_scheme="dark")
    page.goto(path.as_uri())
    page.locator(".report[data-ready]").wait_for()
    dark = page.locator(".report-plot .gtitle").get_attribute("style")
    page.emulate_media(color_scheme="light")
    page.locator(".report[data-theme=light]").wait_for()
    page.wait_for_timeout(300)
    assert page.locator(".report-plot .gtitle").get_attribute("style") != dark


def test_hostile_names_stay_text(calibration, tmp_path, page):
    table = calibration.table.assign(workload='</script><img src=x onerror="window.hacked=1">')
    path = Calibration(table, 20).save(tmp_path / "calibration.html")
    page.goto(path.as_uri())
    page.locator(".report[data-ready]").wait_for()
    assert page.evaluate("window.hacked") is None
    assert "<img src=x" in page.locator("h2").inner_text()


@pytest.mark.parametrize("draws", [0, 4, 1001, 2.5, True, "many"])
def test_draws_are_some(draws):
    with pytest.raises(ValueError, match="draws must be a whole number from 5 to 1000"):
        tradeoff.calibrate(as_if_served(gamma), draws=draws)


def test_it_takes_a_run():
    with pytest.raises(TypeError, match="not a Run of"):
        tradeoff.calibrate("results")
