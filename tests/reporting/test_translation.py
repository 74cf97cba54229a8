import re

import pytest
from nbformat import v4

from helpers.foundation.errors import InputError
from helpers.foundation.study_config import validate_model
from helpers.reporting import glossary, html, pages, translation
from helpers.reporting.text import leadership_findings as leadership_findings_text
from helpers.reporting.translation import in_language, localised, message, plural
from tests.reporting import leading


def test_a_message_in_english_is_its_own_text_with_its_places_filled():
    assert message("Net sales rose by {amount}", amount="€5") == "Net sales rose by €5"
    assert plural("{n} decision", "{n} decisions", 1, n=1) == "1 decision"
    assert message("Cannot say: {reasons}.", reasons=["one", "two", "three"]) == "Cannot say: one, two and three."


def test_a_message_is_translated_with_what_stands_in_its_places():
    with in_language("zh_CN"):
        assert message("As counted: {contracts}{caveat}.", contracts="2,341 customers", caveat="") == (
            "按记录计：2,341 位顾客。")
        assert plural("{n} decision", "{n} decisions", 2, n=2) == "2 项决定待批"
        assert message("Cannot say: {reasons}.", reasons=["no orders are recorded", "no survey is recorded"]) == (
            "无法判断：没有订单记录和没有调查记录。")
    assert translation.language() == "en"


@pytest.mark.parametrize(("english", "chinese"), [
    ("Retained", "保留顾客"),
    ("9 December 2011", "2011年12月9日"), ("Jan 2025", "2025年1月"), ("31 Feb", "31 Feb"), ("May", "May"),
    ("26.5 %", "26.5%"), ("€1,230", "€1,230"), ("SEK 1,230", "SEK 1,230"), ("", ""),
    ("6.1 points [3.6, 8.6]", "6.1 点 [3.6, 8.6]"),
    ("No question asks how many people customers told.", "没有题目问顾客告诉了多少人。"),
    ("Two unknown things. No check was made.", "Two unknown things.没有做任何检查。"),
    ("no verdict; something unknown", "无结论；something unknown"),
    ("up 1.2 points, statistically significant", "上升 1.2 点，统计显著"),
    ("insufficient data: no survey is recorded", "数据不足：没有调查记录"),
    ("2 to ship, 1 to stop and 3 to keep running", "2 项推广、1 项停止、3 项继续观察"),
])
def test_a_text_of_tables_is_found_by_the_message_that_made_it(english, chinese):
    with in_language("zh_CN"):
        assert localised(english) == chinese
    assert localised(english) == english


@pytest.mark.parametrize(("english", "chinese"), [
    ("Customer club: contact 26 customers, keep 26 as a random control group",
     "顾客俱乐部：联系 26 位顾客，随机留 26 位作对照"),
    ("Service recovery and trust repair: contact 62 customers", "服务补救和信任修复：联系 62 位顾客"),
    ("Win-back: contact fewer than 10 customers", "流失顾客召回：联系少于 10 位顾客"),
    ("none yet, and no control group, since nobody is approached", "尚无：不联系任何人，也无对照组，因此无从判断"),
    ("the list of 30 September 2025 changed margin by +€4.26 [−€0.1, +€8.62] a customer contacted",
     "2025年9月30日的名单使每位被联系顾客的毛利变动 +€4.26 [−€0.1, +€8.62]"),
    ("contact cut churn by 19.5 % [2.3 %, 33.7 %] in 2 rounds; the plan breaks even at 6.3 %, so it pays",
     "联系使流失降低 19.5% [2.3%, 33.7%]（2 轮）；计划在 6.3% 处保本，因此合算"),
    ("contact cut churn by 19.5 % [2.3 %, 33.7 %] in 2 rounds and changed margin by +€15.7 [+€7.32, +€24] a customer "
     "(in 1 of them) (490 drawn to contact, 79 in the control group)",
     "联系使流失降低 19.5% [2.3%, 33.7%]（2 轮），每位顾客的毛利变动 +€15.7 [+€7.32, +€24]（其中 1 轮）"
     "（抽中联系 490 人，对照组 79 人）"),
    ("490 drawn to contact, 79 in the control group: statistically significant; in this round alone only a relative "
     "cut in churn of 29 % or more would show with 80 % power",
     "抽中联系 490 人，对照组 79 人：统计显著；仅凭本轮，只有流失相对降低 29% 以上才有 80% 的把握测出"),
    ("352 drawn to contact, 47 in the control group: not statistically significant; in this round alone no cut in "
     "churn at all would show with 80 % power",
     "抽中联系 352 人，对照组 47 人：统计不显著；仅凭本轮，流失降低多少都没有 80% 的把握测出"),
    ("none yet, and no control group, since nobody is approached; worst case: every one of them leaves, with what he "
     "brings in 90 days at the pace of the last year",
     "尚无：不联系任何人，也无对照组，因此无从判断；最坏情况："
     "这些顾客全部流失，损失其 90 天的贡献（按过去一年的速度）"),
    ("Something happened since nobody asked", "Something happened since nobody asked"),
])
def test_what_the_action_plan_writes_of_decisions_is_translated_and_a_reason_is_taken_for_no_date(english, chinese):
    with in_language("zh_CN"):
        assert localised(english) == chinese


def test_what_stands_in_places_of_a_found_message_is_translated_too():
    with in_language("zh_CN"):
        said = localised(
            "Expected churn, next 90 days (to 31 March 2026): 743 [690, 796] of 1,280 eligible customers, 58.1 % "
            "(caution: 14 of 2,000 customers are duplicate accounts; counts of customers are too high by as many).")
    assert said.startswith("预期流失，未来 90 天（至2026年3月31日）")
    assert "1,280 位计入流失预测的顾客中有 743 [690, 796] 位，占 58.1%" in said
    assert "谨慎：2,000 位顾客中有 14 个重复账户" in said


def test_a_text_is_escaped_after_it_is_translated():
    with in_language("zh_CN"):
        assert html.escape_text("<b>: sample ratio") == "&lt;b&gt;：样本比例"


def test_a_list_is_translated_where_every_part_of_it_is_known():
    with in_language("zh_CN"):
        assert translation.localised("new customers, retained and churned") == "新顾客、保留顾客和流失顾客"
        assert translation.localised("new customers and Zeppelins") == "new customers and Zeppelins"


def test_a_language_without_a_catalogue_is_refused_and_those_that_have_one_are_named():
    with pytest.raises(InputError, match="not translated into it"):
        validate_model(translation.ReportConfig, {"language": "zh_TW"}, "study [report]")
    assert validate_model(translation.ReportConfig, {"language": "zh_CN"}, "study [report]").language == "zh_CN"
    assert translation.study_language({"report": {"language": "xx"}}) == "en"


def test_the_opening_sentence_of_the_leadership_page_is_chinese_and_holds_the_same_numbers():
    english = leadership_findings_text.opening_sentence(leading.everything(), 2)
    with in_language("zh_CN"):
        chinese = leadership_findings_text.opening_sentence(leading.everything(), 2)
    assert "项决定待批。" in chinese
    assert not any(word in chinese for word in ("Net", "sales", "customers", "decision"))
    assert sorted(set(re.findall(r"[\d,.]*\d", english)) - {"12"}) == sorted(
        set(re.findall(r"[\d,.]*\d", chinese)) - {"12"})


def test_a_page_names_its_language_translates_its_headings_and_ends_with_chinese_terms():
    notebook = v4.new_notebook(cells=[
        v4.new_markdown_cell("# 08 · Leadership summary\n\n**Question** What now?", id="title"),
        v4.new_markdown_cell("## Key figures\n\nSomething that nobody translated.", id="why"),
        v4.new_code_cell(id="answer", metadata={"tags": ["answer"]}, outputs=[v4.new_output(
            "execute_result", {"text/html": '<div class="exhibit answer"><p>顾客保留率 55.1%</p></div>'})]),
    ])
    with in_language("zh_CN"):
        page = pages.notebook_page(notebook, footing=pages.Footing("simulated", as_of="2025-12-31"))
    assert '<html lang="zh-CN">' in page
    assert all(text in page for text in ("管理层摘要", "关键指标", "Something that nobody translated.", "数据源",
                                         "一期顾客中在下一期得以保留的比例", "截至2025年12月31日"))
    english = pages.notebook_page(notebook, footing=pages.Footing("simulated"))  # in the same process
    assert '<html lang="en">' in english
    assert ['aria-label="The answer"' in text for text in (page, english)] == [False, True]


def test_terms_of_the_glossary_are_found_by_their_names_in_the_language_of_the_page():
    with in_language("zh_CN"):
        assert "true loyalty" in [term.name for term in glossary.terms_on("真正忠诚的顾客")]
    assert glossary.terms_on("真正忠诚的顾客") == []
