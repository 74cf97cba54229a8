import pandas as pd
import pytest

from helpers.foundation.estimates import Estimate, Status, summary, without_value
from helpers.loyalty import claims, motives
from helpers.loyalty.membership import COLUMNS
from helpers.methods.latentclass import Classes
from helpers.reporting.sentences import keeping

SHARES = {"trust": 0.5, "price": 0.2, "incentive": 0.15, "monopoly": 0.0, "inertia": 0.1, "tied": 0.03,
          "no evidence": 0.02}


def kinds(shares=SHARES, n=400, hostages=(0.05, 0.03, 0.08), price=40):
    rows = [Estimate(motives.SHARE, s, s - 0.01, s + 0.01, "share", n, m) if n >= 10 else
            without_value(motives.SHARE, Status.INSUFFICIENT, "nobody to speak of", segment=m)
            for m, s in shares.items()]
    rows += [Estimate(motives.COUNT, float(price if m == "price" else 0), unit="people", n=n, segment=m)
             for m in shares]
    rows.append(Estimate(motives.HOSTAGES, *hostages, "share", n) if n >= 10 else
                without_value(motives.HOSTAGES, Status.INSUFFICIENT, "nobody to speak of"))
    return summary(rows)


def test_reasons_are_said_most_frequent_first_with_ties_and_the_unknown():
    text = keeping.kept(kinds())
    assert text.startswith("Of 400 repeating customers who answered, 50.0 % [49.0 %, 51.0 %] keep buying out of trust,")
    assert "alternative" not in text
    assert "; some for two reasons or more that tie and some for reasons that nothing tells." in text
    nothing = dict.fromkeys(SHARES, 0.0) | {"no evidence": 1.0}
    assert "tells for nobody" in keeping.kept(kinds(nothing))


def test_without_answers_orders_alone_tell_of_price_and_reward():
    text = keeping.kept(kinds(n=0))
    assert text.endswith("nobody to speak of; by their orders 40 buy for the price.")
    assert keeping.kept(kinds(n=0, price=0)).endswith("nobody to speak of.")
    assert keeping.title(kinds(n=0)) == "Why customers keep buying: nobody to speak of"


def test_the_largest_kind_is_named_and_ties_are_named_together():
    assert keeping.title(kinds()) == "Most of those whose reasons show keep buying out of trust: 50.0 %"
    near = keeping.title(kinds(SHARES | {"trust": 0.21, "incentive": 0.1}))
    assert near == "Most keep buying out of trust and for the price: which is more is within noise"


@pytest.mark.parametrize(("table", "said"), [
    (kinds(), "5.0 % [3.0 %, 8.0 %] of the repeating customers who answered are hostages"),
    (kinds(hostages=(0.0, 0.0, 0.01)), "Nobody among 400 repeating customers stays in dislike."),
    (kinds(n=0), "How many are hostages cannot be said: nobody to speak of.")])
def test_hostages_are_some_none_or_unknown(table, said):
    assert keeping.hostages(table).startswith(said)


def test_ties_are_counted():
    assert keeping.tied_said(pd.DataFrame({"kinds": ["price & trust"], "n": [13]})) == (
        "Ties: 13 customers, most often price & trust (13).")
    assert keeping.tied_said(pd.DataFrame({"kinds": ["price & trust", "x"], "n": [7, 6]})) == "Ties: 13 customers."
    assert keeping.tied_said(pd.DataFrame(columns=["kinds", "n"])) == "No two kinds tie for anybody."


def test_how_sure_the_kinds_are():
    rows = [Estimate(f"expected share {c.removeprefix('p_')}", 0.25, 0.2, 0.3, "share", 90) for c in COLUMNS]
    table = summary([*rows, Estimate("certainty of the kind", 0.8, 0.7, 0.9, "share", 90)])
    assert "25.0 % true, 25.0 % latent" in keeping.certain(table)
    assert keeping.certain(table).endswith("a probability of 80.0 %.")
    none = summary([without_value(r.quantity, Status.INSUFFICIENT, "nobody to speak of") for r in rows]
                   + [without_value("certainty of the kind", Status.INSUFFICIENT, "nobody to speak of")])
    assert keeping.certain(none) == "How sure the kinds are cannot be said: nobody to speak of."


def test_the_profile_names_strongest_weakest_and_what_was_not_asked():
    rows = [Estimate("attachment", 80, 78, 82, "points", 90), Estimate("repeat purchase", 40, 38, 42, "points", 90),
            *(without_value(s, Status.INSUFFICIENT, "no such question was asked") for s in list(motives.PROFILE)[2:])]
    text = keeping.profiled(summary(rows))
    assert text.startswith("Strongest side: attachment, 80 points [78, 82] of 100; weakest: repeat purchase")
    assert text.endswith("Not asked: share of category, price tolerance and advocacy.")
    alone = keeping.profiled(summary([rows[0], *(without_value(s, Status.INSUFFICIENT, "x") for s in list(
        motives.PROFILE)[1:])]))
    assert alone.startswith("Only one side of loyalty is known: attachment, 80 points [78, 82] of 100. Not asked:")
    nothing = summary([without_value(s, Status.INSUFFICIENT, "x") for s in motives.PROFILE])
    assert keeping.profiled(nothing) == "Loyalty has no side that is known."


def periods(last):
    return pd.DataFrame({"period": [1, 5], "n": [100, 50], "share_active": [0.5, 0.3], "share_again": [0.5, last],
                         "again_low": [0.45, last - 0.05], "again_high": [0.55, last + 0.05]})


@pytest.mark.parametrize(("last", "said"), [(0.7, "rises from 50.0 %"), (0.3, "falls from"),
                                            (0.5, "stays, within noise,")])
def test_loyalty_forms_fades_or_stays(last, said):
    assert said in keeping.formed(periods(last))
    assert keeping.formed(periods(last).head(1)).startswith("How loyalty forms cannot be said")


def test_latent_classes_are_one_many_or_none():
    def fit(shares, bic):
        return Classes(pd.Series(shares).to_numpy(), pd.DataFrame({"a": shares}).to_numpy(), 0.0, bic)
    one, two = fit([1.0], 10.0), fit([0.7, 0.3], 5.0)
    assert "fall into 2 classes (the most that were tried), the largest with 70.0 %" in keeping.grouped([one, two])
    assert "one class only" in keeping.grouped([fit([1.0], 1.0), two])
    assert keeping.grouped([]).startswith("Latent classes need")


def test_claims_are_said_with_the_own_figure_or_why_there_is_none():
    assert keeping.claimed(claims.LOYAL, Estimate("x", 0.2, 0.1, 0.3, "share")).startswith("20.0 % [10.0 %, 30.0 %] of")
    assert keeping.claimed(claims.LOYAL, without_value("x", Status.INSUFFICIENT, "nobody")) == "Cannot say: nobody."
