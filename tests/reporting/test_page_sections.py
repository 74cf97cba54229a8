import pandas as pd

from helpers.foundation.results import Estimate, Status, no_estimate
from helpers.loyalty.config import LoyaltyConfig
from helpers.loyalty.loyalty_types import motive_rules
from helpers.loyalty.schema import LOYALTY_KINDS
from helpers.reporting import loyalty_sections, satisfaction_sections
from helpers.satisfaction import service_quality, text_comments
from helpers.satisfaction.comment_words import CommentWords
from helpers.satisfaction.ecsi_model import NoPathModel

ABSENT = NoPathModel("nothing was asked but satisfaction")


def test_a_section_without_anything_to_show_is_empty():
    assert satisfaction_sections.drivers_of_segments(ABSENT).html == ""
    written = pd.DataFrame(columns=["response_id", "item", "person", "comment", "percent", "weight", "polarity"])
    topics = pd.DataFrame(columns=["topic", "people", "share", "satisfaction", "low", "high", "blame"])
    none = [no_estimate(text_comments.WITH_COMMENT, Status.NOT_APPLICABLE, "no comments are recorded", unit="share")]
    assert satisfaction_sections.comments(written, CommentWords((), (), 0), topics, none).html == ""
    assert loyalty_sections.profit_pool(pd.DataFrame(), "EUR").html == ""


def test_topics_say_that_their_shares_are_of_comments_and_not_of_people():
    written = pd.DataFrame(columns=["response_id", "item", "person", "comment", "percent", "weight", "polarity"])
    topics = pd.DataFrame([("parcel", 20, 0.4, 70.0, 60.0, 80.0, 0.5)], columns=[
        "topic", "people", "share", "satisfaction", "low", "high", "blame"])
    page = satisfaction_sections.comments(written, CommentWords((), (), 0), topics, []).html
    assert "Share of comments" in page
    assert "Share of its comments with a score below 50" in page


def test_a_section_shows_its_finding_before_its_table():
    rows = [Estimate("share handled", 0.9, 0.85, 0.95, "share", 200),
            Estimate(service_quality.OMISSION_RATE, 0.1, 0.05, 0.15, "share", 200, "handled")]
    page = satisfaction_sections.service(rows, service_quality.service_charts([], 1)).html
    assert page.index("Of 200 cases reported more than 30 days ago, ") < page.index("<table")


def test_values_that_failed_a_check_stand_under_their_own_heading():
    value = Estimate("total effect on loyalty", 0.5, 0.4, 0.6, "coefficient", 300, "satisfaction")
    explained = Estimate("explained variance of loyalty", 0.4, 0.3, 0.5, "R²", 300)
    struck = no_estimate(value.quantity, Status.STRUCK, "cannot be told apart", n=300, segment="satisfaction")
    drivers = pd.DataFrame([{"quantity": explained.quantity, "segment": "all", "value": 0.4, "low": 0.3, "high": 0.5,
                             "status": "ok", "unit": "R²", "n": 300, "reason": ""}])
    page = loyalty_sections.stated_loyalty([value, explained], [struck, explained], [], drivers).html
    heading = page.index("Values that failed a check: to reproduce an analysis with, not to be reported")
    assert page.index("0.5", heading) > heading
    assert "failed check: cannot be told apart" in page[heading:]


def test_segments_of_a_question_with_two_answers_stand_as_shares():
    table = pd.DataFrame([{"segment": "travel Business", "people": 200, "value": 58.4, "low": 51.0, "high": 65.0,
                           "difference": 48.2, "p_adjusted": 0.001, "compared": "",
                            "is_counterpart": False}])
    shares, scores = (satisfaction_sections.segments(table, is_share).html for is_share in (True, False))
    assert "58.4\xa0%" in shares
    assert "[51.0\xa0%, 65.0\xa0%]" in shares
    assert "58.4 points" in scores
    assert shares.count("48.2 percentage points") == 2, "in the finding and in the table"
    assert scores.count("48.2 points") == 2
    struck = satisfaction_sections.segments(table, struck="Cronbach's α 0.400 is under 0.60").text
    assert struck == "Satisfaction by segment is not reported (failed check): Cronbach's α 0.400 is under 0.60."


def test_headings_of_loyalty_by_tenure_name_the_period_the_people_and_the_unit():
    periods = pd.DataFrame({"period": [1], "n": [90], "share_active": [0.5], "low": [0.4], "high": [0.6],
                            "n_before": [60], "share_again": [0.6], "again_low": [0.5], "again_high": [0.7]})
    attitude = pd.DataFrame({"periods": ["2 to 3"], "n_answered": [90], "attitude": [60.0], "attitude_low": [55.0],
                             "attitude_high": [65.0], "n_kinds": [90]}).assign(**dict.fromkeys(LOYALTY_KINDS, 0.25))
    page = loyalty_sections.loyalty_by_tenure(periods, attitude, LoyaltyConfig(period_days=45)).html
    heads = ("Bought in the period before", "Of these bought in it", "Whole periods of 45 days", "Attitude, points")
    assert [name for name in heads if name not in page] == []
    alone = LoyaltyConfig(attitude_roles=["satisfaction"])
    assert "satisfied" in loyalty_sections.loyalty_by_tenure(periods, attitude, alone).html


def test_a_threshold_of_a_rule_has_its_unit():
    rows = pd.DataFrame({"motive": ["trust"] * 40, "motives_tied": pd.Series([None] * 40, dtype="str")}).assign(
        **dict.fromkeys((rule.sign for rule in motive_rules(LoyaltyConfig())), 0.8))
    page = loyalty_sections.evidence_of_types(rows, LoyaltyConfig()).html
    assert [page.count(cut) for cut in (">35 points<", ">65 points<", ">50.0\xa0%<")] == [2, 2, 2]
