"""Drafted surveys: answers in words, roles by wordings and codes, pairs, and the constructs of a path model."""

import tomllib
from decimal import Decimal

import pytest

from helpers.intake import infer_profile

WORDS = ["Very dissatisfied", "Dissatisfied", "Neither", "Satisfied", "Very satisfied"]
LIKELY = ["0 - Not at all likely", *(str(i) for i in range(1, 10)), "10 - Extremely likely"]


def drafted(small, head, row, n=66):
    small.file("survey.csv", head + "\n" + "".join(row(i) + "\n" for i in range(n)))
    return tomllib.loads(infer_profile.draft_profile([small.folder / "survey.csv"]), parse_float=Decimal)


def roles(told):
    return {row["item"]: row["role"] for row in told["tables"]["items"]["rows"]}


def test_answers_in_words_become_scores_and_a_labelled_recommendation_its_number(small):
    told = drafted(small, "Respondent ID,Delivery,Price,Staff,Would you recommend us?",
                   lambda i: f"R{i},{WORDS[i % 5]},{WORDS[i % 3]},{WORDS[i % 4]},{LIKELY[i % 11]}")
    delivery = small.delivery(**told, as_of="2025-01-31")
    table = delivery.tables["canonical/responses"]
    means = {r["item"]: r["m"] for r in small.rows(table.group_by("item").aggregate(m=table.score.mean()))}
    assert means["Would you recommend us?"] == pytest.approx(5)  # 0 to 10, each six times
    assert means["Price"] == pytest.approx(2)
    assert small.rejected(delivery) == []


def test_one_word_of_two_scales_counts_by_its_question(small):
    likely = ["Not at all likely", "Slightly likely", "Moderately likely", "Very likely", "Extremely likely"]
    sure = ["Very unlikely", "Unlikely", "Neutral", "Likely", "Very likely"]
    told = drafted(small, "id,Renew,Extend,Speak well", lambda i: f"R{i},{likely[i % 5]},{sure[i % 5]},{i % 5 + 1}")
    table = small.delivery(**told, as_of="2025-01-31").tables["canonical/responses"]
    found = {(r["response_id"], r["item"]): r["score"] for r in small.rows(table)}
    assert (found["R3", "Renew"], found["R4", "Extend"], found["R3", "Speak well"]) == (4, 5, 4)


def test_roles_are_told_by_the_words_of_questions(small):
    told = drafted(small, "id,How would you rate us overall,How satisfied are you with the food,"
                   "How satisfied are you with us overall,How important is the food,"
                   "What do you expect of the food,Would you come again",
                   lambda i: f"R{i}," + ",".join(str((i + j) % 5 + 1) for j in range(6)))
    assert list(roles(told).values()) == ["satisfaction", "attribute_satisfaction", "satisfaction", "importance",
                                          "expectation", "intention"]


def test_codes_of_items_name_constructs_and_the_study_has_their_path_model(small):
    codes = ["IMAG1", "IMAG2", "PERQ1", "PERQ2", "CUSA1", "CUSA2", "CUSL1", "CUSCO"]
    told = drafted(small, ",".join(codes), lambda i: ",".join(str((i * 7 + j) % 10 + 1) for j in range(8)))
    assert {row["item"]: row["construct"] for row in told["tables"]["items"]["rows"]} == {
        "IMAG1": "Image", "IMAG2": "Image", "PERQ1": "Quality", "PERQ2": "Quality", "CUSA1": "Satisfaction",
        "CUSA2": "Satisfaction", "CUSL1": "Loyalty", "CUSCO": "Complaint handling"}
    study = tomllib.loads(infer_profile.draft_source([small.folder / "survey.csv"])[1])
    assert study["satisfaction"]["constructs"]["Quality"] == ["PERQ1", "PERQ2"]


def test_pairs_of_expected_and_perceived_and_of_kano_are_joined_by_their_number(small):
    kano = ["I like it", "I expect it", "I am neutral", "I can tolerate it", "I dislike it"]
    told = drafted(small, "1-1. What do you expect of speed,1-2. Speed as you found it,2-1. What do you expect of care,"
                   "2-2. Care as you found it,7-1. How would it feel with lights,7-2. How would it feel without lights",
                   lambda i: ",".join([*(str((i + j) % 5 + 1) for j in range(4)), kano[i % 5], kano[(i + 1) % 5]]))
    assert [(row["role"], row["pair"]) for row in told["tables"]["items"]["rows"]] == [
        ("expectation", "1"), ("performance", "1"), ("expectation", "2"), ("performance", "2"),
        ("functional", "kano 7"), ("dysfunctional", "kano 7")]


@pytest.mark.parametrize(("low", "high", "told"), [
    (0, 5, {"scale_low": 1, "scale_high": 5, "not_applicable": "0"}), (0, 4, {"scale_low": 0, "scale_high": 4}),
    (1, 5, {"scale_low": 1, "scale_high": 5}), (0, 10, {"scale_low": 0, "scale_high": 10})])
def test_a_zero_that_makes_six_answers_of_five_means_that_a_question_does_not_apply(small, low, high, told):
    row = drafted(small, "Ann,Bea,Cem", lambda i: ",".join(str(low + (i + j) % (high - low + 1)) for j in range(3)))
    assert {k: row["tables"]["items"]["rows"][0].get(k) for k in told} == told
    assert ("not_applicable" in row["tables"]["items"]["rows"][0]) is ("not_applicable" in told)


def test_satisfied_or_not_is_an_answer_of_two_steps(small):
    told = drafted(small, "Speed,Care,Price,Satisfaction",
                   lambda i: f"{i % 5 + 1},{i % 4 + 1},{i % 5 + 1},{['Satisfied', 'Neutral or Dissatisfied'][i % 2]}")
    found = small.delivery(**told, as_of="2025-01-31")
    scores = [r["score"] for r in small.rows(found.tables["canonical/responses"]) if r["item"] == "Satisfaction"]
    assert (roles(told)["Satisfaction"], sum(scores), len(scores)) == ("satisfaction", 33, 66)


def test_importance_joins_the_pair_of_its_number_and_a_number_alone_is_another_question(small):
    told = drafted(small, "1-1. What do you expect of speed,1-2. Speed as you found it,2-1. What do you expect of care,"
                   "2-2. Care as you found it,1-3. How important is speed,1. The whole was excellent",
                   lambda i: ",".join(str((i + j) % 5 + 1) for j in range(6)))
    assert [row.get("pair") for row in told["tables"]["items"]["rows"]] == ["1", "1", "2", "2", "1", None]


def test_a_survey_with_two_header_rows_and_answers_in_words_gives_its_net_promoter_score_as_drafted(small):
    likely = [0] * 6 + [10] * 5 + [7] * 3 + [6] * 4 + [9] * 2  # 7 promoters and 10 detractors of 20
    small.file("survey.csv", "Respondent ID,Collector ID,Date Created,Date Modified,IP Address,Please rate,,,"
               "How likely is it that you would recommend us?\n,,,,,Delivery,Price,Staff,\n" + "".join(
                   f"{118000 + i},451,05/{i + 1:02d}/2024 08:00:00 AM,05/{i + 1:02d}/2024 01:30:00 PM,192.0.2.9,"
                   f"{WORDS[i % 5]},{WORDS[i % 4]},{WORDS[(i + 2) % 5]},{LIKELY[score]}\n"
                   for i, score in enumerate(likely)))
    profile = tomllib.loads(infer_profile.draft_profile([small.folder / "survey.csv"]), parse_float=Decimal)
    asked, = (row for row in profile["tables"]["items"]["rows"] if row["role"] == "recommend")
    answers = small.rows(small.delivery(**profile).tables["canonical/responses"], "item", "score")
    scores = [row["score"] for row in answers if row["item"] == asked["item"]]
    shares = [sum(score >= 9 for score in scores) / len(scores), sum(score <= 6 for score in scores) / len(scores)]
    assert (asked["scale_low"], asked["scale_high"], len(scores)) == (0, 10, 20)
    assert shares[0] - shares[1] == pytest.approx(-0.15)


def test_what_each_wrote_is_no_attribute_of_people_and_the_day_is_that_of_the_end(small):
    told = drafted(small, "StartDate,EndDate,Ann,Bea,Cem,better", lambda i: (
        f"2025-03-{i % 28 + 1:02d},2025-04-{i % 28 + 1:02d},{i % 5 + 1},{i % 4 + 1},{i % 5 + 1},do {i} things"))
    made = told["tables"]["respondents"]["columns"]
    assert made["responded_at"]["from"] == '"EndDate"'
    assert not any(c.startswith("demographic_") for c in made)


def test_a_question_has_the_scale_that_it_names_or_shows_in_full_and_not_that_of_another(small):
    told = drafted(small, "id,Satisfaction (1-10),Staff,Price,Recommend (0 bis 10)", lambda i: (
        f"R{i},{i % 9 + 1},{i % 5 + 1},{i % 4 + 1},{i % 10}"), 200)
    ends = {row["item"]: (row["scale_low"], row["scale_high"]) for row in told["tables"]["items"]["rows"]}
    assert ends == {"Satisfaction (1-10)": (1, 10), "Staff": (1, 5), "Price": (1, 10), "Recommend (0 bis 10)": (0, 10)}


@pytest.mark.parametrize(("head", "words"), [
    ("Como avalia? [Preço],Como avalia? [Entrega],De modo geral quão satisfeito está?,Recomendaria a um amigo?",
     ["Muito insatisfeito", "Insatisfeito", "Neutro", "Satisfeito", "Muito satisfeito"]),
    ("Come valuta? [Prezzo],Come valuta? [Consegna],Nel complesso quanto è soddisfatto?,Ci consiglierebbe?",
     ["Molto insoddisfatto", "Insoddisfatto", "Neutro", "Soddisfatto", "Molto soddisfatto"]),
    ("Satisfait des points [Qualité du produit],Satisfait des points [Magasin],Dans l'ensemble satisfait ?,"
     "Nous recommandez-vous ?",
     ["Pas du tout satisfait", "Plutôt pas satisfait", "Neutre", "Plutôt satisfait", "Tout à fait satisfait"])])
def test_a_grid_in_another_language_has_scores_and_roles(small, head, words):
    told = drafted(small, f"Date,{head}", lambda i: (
        f"{i % 28 + 1:02d}/04/2025 10:00:{i % 60:02d},{words[i % 5]},{words[i % 4]},{words[i % 3]},{i % 11}"))
    found = list(roles(told).values())
    assert found[2:] == ["satisfaction", "recommend"]
    table = small.delivery(**told).tables["canonical/responses"]
    assert {r["score"] for r in small.rows(table.filter(table.item != list(roles(told))[3]))} == {1, 2, 3, 4, 5}


def long_answers(small, head, row, n, name="answers.csv", **more):
    small.file(name, head + "\n" + "".join(row(i) + "\n" for i in range(n)))
    for other, content in more.items():
        small.file(f"{other}.csv", content)
    text = infer_profile.draft_profile(sorted(small.folder.glob("*.csv")))
    return tomllib.loads(text, parse_float=Decimal)


def test_answers_in_a_record_each_are_a_survey_with_what_its_own_file_says_of_people(small):
    told = long_answers(small, "response_no;customer_id;filled in on;region;question;answer", lambda i: (
        f"R{i // 4:03d};C{i // 4 % 50};2025-03-{i // 4 % 28 + 1:02d};{'NS'[i // 4 % 2]};"
        f"{('Speed', 'Care', 'Overall satisfaction', 'Would you recommend us?')[i % 4]};"
        f"{(i // 4 % 5 + 1, i // 4 % 4 + 1, i // 4 % 5 + 1, i // 4 % 11)[i % 4]}"), 480)
    found = small.delivery(**told)
    assert (found.counts, small.rejected(found)) == ({"respondents": 120, "responses": 480, "items": 4}, [])
    assert roles(told) == {"Speed": "performance", "Care": "performance", "Overall satisfaction": "satisfaction",
                           "Would you recommend us?": "recommend"}
    person = small.rows(found.tables["canonical/respondents"].order_by("response_id"))[1]
    assert (person["response_id"], person["customer_id"], person["demographic_region"]) == ("R001", "C1", "S")
    assert str(person["responded_at"].date()) == "2025-03-02"


def test_answers_in_a_record_each_have_the_scale_of_their_own_wave_and_the_people_of_another_file(small):
    people = "id,wave,at\n" + "".join(
        f"{year}-{i},{year},{year}-06-{i % 28 + 1:02d}\n" for year in (2018, 2019) for i in range(60))
    told = long_answers(small, "id,wave,item,score", lambda i: (
        f"{2018 + i // 180}-{i % 180 // 3},{2018 + i // 180},{'ab'[i // 180]}{i % 3 + 1},"
        f"{(i % 180 // 3 + i) % (5, 10)[i // 180] + 1}"), 360, people=people)
    found = small.delivery(**told)
    assert found.counts == {"respondents": 120, "responses": 360, "items": 6}
    ends = {row["item"]: (row["scale_low"], row["scale_high"]) for row in told["tables"]["items"]["rows"]}
    assert ends == {f"{wave}{k}": (1, 5 if wave == "a" else 10) for wave in "ab" for k in (1, 2, 3)}
    assert {r["wave"] for r in small.rows(found.tables["canonical/respondents"])} == {"2018", "2019"}


def test_words_and_comments_among_answers_in_a_record_each_become_scores_or_are_left_aside(small):
    words = ["Very dissatisfied", "Dissatisfied", "Neither", "Satisfied", "Very satisfied"]
    told = long_answers(small, "sheet,question,value", lambda i: (
        f"S{i // 4:03d},{('Staff', 'Price', 'Room', 'Comment')[i % 4]},"
        f"{words[i // 4 % 5] if i % 4 < 3 else f'remark {i} in words'}"), 200)
    found = small.delivery(**told, as_of="2025-01-31")
    assert found.counts == {"respondents": 50, "responses": 150, "items": 3}
    assert {r["score"] for r in small.rows(found.tables["canonical/responses"])} == {1, 2, 3, 4, 5}


def test_lines_of_orders_with_few_values_are_no_survey(small):
    told = long_answers(small, "order_id,customer_id,date,item,value", lambda i: (
        f"{i // 3},c{i % 9},2025-01-{i % 28 + 1:02d},{'abc'[i % 3]},{i % 5 + 1}"), 90)
    assert list(told["tables"]) == ["transactions"]


def test_who_answered_with_an_e_mail_address_is_a_customer_and_no_survey(small):
    told = drafted(small, "Timestamp,Email Address,Opening hours,Staff,Range,Anything else?",
                   lambda i: f"2025-02-{i % 28 + 1:02d},p{i}@example.org,{WORDS[i % 5]},{WORDS[i % 3]},{WORDS[i % 4]},"
                             f"{('nice', 'more tea')[i % 2]}")
    assert told["tables"]["respondents"]["columns"] == {
        "response_id": "record", "customer_id": '"Email Address"',
        "responded_at": {"from": '"Timestamp"', "formats": ["%Y-%m-%d"]}}
    assert told["files"]["survey"]["mask"] == {"hash": ["Email Address"]}


def test_a_recommendation_that_nobody_gave_a_zero_still_begins_at_zero(small):
    told = drafted(small, "id,Opening hours,Staff,Would you recommend us?",
                   lambda i: f"R{i},{i % 5 + 1},{i % 4 + 1},{i % 8 + 3}")
    row = told["tables"]["items"]["rows"][2]
    assert (row["role"], row["scale_low"], row["scale_high"]) == ("recommend", 0, 10)


def test_a_state_that_all_surveys_share_rejects_none(small):
    told = drafted(small, "id,Status,Finished,Opening hours,Staff,Range",
                   lambda i: f"R{i},spam,true,{i % 5 + 1},{i % 4 + 1},{i % 5 + 1}")
    assert "reject" not in told["tables"]["respondents"]


def test_the_one_score_of_an_export_is_a_recommendation_with_what_was_written(small):
    told = drafted(small, "Person Name,Response score,Response comment,Response time,Customer ID",
                   lambda i: f"Ann Berg,{i % 11},comment {i},2025-02-{i % 28 + 1:02d},c{i % 50}")
    assert roles(told) == {"Response score": "recommend"}
    assert told["tables"]["responses"]["columns"]["comment"] == '"Response comment"'
    assert told["files"]["survey"]["mask"] == {"drop": ["Person Name"]}
