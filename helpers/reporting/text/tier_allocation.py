"""Text of strategy and effort by tier: where money goes today, where it would go, who costs more than they bring."""

import pandas as pd

from helpers.actions.effort_allocation import FOR_TESTING, EffortPlan
from helpers.actions.tier_strategy import COST_ABOVE_MARGIN, LITTLE_FOR_MARGIN
from helpers.foundation.labels import readable_id
from helpers.reporting import formatting
from helpers.stats.disclosure_control import LEAST_PEOPLE, people_text

EFFORT_HEADINGS = {
    f"{name}_{when}": f"{label}, {when}" for when in ("today", "proposed") for name, label in (
        ("money", "Money in"), ("people", "Contacts by people"), ("tools", "Contacts by tools"),
        ("kept", "Margin kept"))}

POWER_HEADINGS = {
    "n_treated": "Treated in this draw", "n_held_out": "Held out in this draw", "spend": "Cost a customer",
    "margin_sd": "Standard deviation of margin", "detectable_gain": "Gain that one list finds",
    "needed_in_each_arm": "Customers needed in each arm", "rounds": "Lists like this one"}

POWER_CAPTION = "What it takes to find, with 80 % power, that contact earns its cost, by tier"

NO_EFFORT = "No contact of the last days is on record and none is planned: there is no effort to allocate."

NO_BALANCE = ("No cost of contacts, cases or rewards is on record for the last year: who gets more than they bring "
              "cannot be told.")


def allocation_title(plan: EffortPlan) -> str:
    """Return the finding of the figure of money by tier: the tier whose share moves most."""
    table = plan.table[plan.table["n_customers"] >= LEAST_PEOPLE]
    today, proposed = (plan.table[f"money_{when}"].sum() for when in ("today", "proposed"))
    if table.empty or not (today > 0 and proposed > 0):
        return "Money by tier, today and proposed" if proposed > 0 else "Money by tier, today"
    shares = pd.DataFrame({"today": table["money_today"] / today, "proposed": table["money_proposed"] / proposed})
    row = (shares["proposed"] - shares["today"]).abs().idxmax()
    return (f"Tier {readable_id(str(table.loc[row, 'tier']))} gets {formatting.share(shares.loc[row, 'today'])} of the "
            f"money today; by {plan.basis} it would get {formatting.share(shares.loc[row, 'proposed'])}")


def allocation_sentences(plan: EffortPlan, currency: str = "", horizon_days: int = 90) -> tuple[str, ...]:
    """Return how effort is allocated, on what, and what that is known to bring.

    Parameters
    ----------
    plan : EffortPlan
        Today's and proposed effort by tier.
    currency : str
        Of every amount.
    horizon_days : int
        Days of effort that are planned [days].
    """
    totals = plan.table[[c for c in plan.table if c.endswith(("_today", "_proposed"))]].sum(min_count=1)
    if plan.table.empty or not totals["money_today"] > 0:
        return (NO_EFFORT,)
    money = (f"{formatting.money(totals['money_proposed'], currency)} within "
             f"{formatting.count_text(horizon_days, 'day', 'days')} ({plan.today}: "
             f"{formatting.money(totals['money_today'], currency)})")
    if plan.basis == FOR_TESTING and plan.table["margin_at_risk"].isna().all():
        return (f"What contact brings by tier is not measured: {plan.reason}. Nor is margin at risk known, so nothing "
                f"else is proposed than today's {formatting.money(totals['money_today'], currency)} ({plan.today}).",)
    if plan.basis == FOR_TESTING:
        return (f"What contact brings by tier is not measured: {plan.reason}. So money, people and tools are proposed "
                f"in proportion to margin at risk, for testing: {money}. No gain is claimed.",)
    kept = [_kept(plan.table, when, currency) for when in ("today", "proposed")]
    said = (f"By the response that earlier lists measured, {money} would keep {kept[1]} of margin; spent as today it "
            f"keeps {kept[0]}.")
    unknown = [readable_id(str(tier)) for tier in plan.table.loc[plan.table["kept_proposed"].isna(), "tier"]]
    if not unknown:
        return (said,)
    which = f"{'is tier' if len(unknown) == 1 else 'are tiers'} {formatting.join_words(unknown)}"
    return said, f"Not measured {which}: the money there stays as it is, and no margin is counted."


def power_sentences(power: pd.DataFrame, rounds: float, currency: str = "") -> tuple[str, ...]:
    """Return how large a test would measure what contact brings; nothing where no tier has margin and cost.

    Parameters
    ----------
    power : DataFrame
        As `response_curves.power_by_tier` gives it.
    rounds : float
        As `response_curves.rounds_until_measured` gives it [lists].
    currency : str
        Of every amount.
    """
    if power.empty:
        return ()
    row = power.loc[power["needed_in_each_arm"].idxmin()]
    lists = "" if pd.isna(row["rounds"]) else (
        f", {formatting.count_text(int(row['rounds']), 'list', 'lists')} like this one")
    pays = (f"To find with 80 % power that contact earns its cost takes least in tier {readable_id(str(row['tier']))}: "
            f"{int(row['needed_in_each_arm']):,} customers in each arm{lists}.")
    if pd.isna(rounds):
        return (pays, "The curve of response to spending needs larger lists than this one, or in each tier two actions "
                      "whose costs lie further apart.")
    return (pays, f"If contact brings what the study assumes, it takes at least "
                  f"{formatting.count_text(int(rounds), 'list', 'lists')} like this one to measure the curve of "
                  "response to spending.")


def _kept(table: pd.DataFrame, when: str, currency: str) -> str:
    """Return margin kept over tiers; the limits are added up, as for tiers that are wrong together."""
    value, low, high = (float(table[f"kept_{when}{end}"].sum()) for end in ("", "_low", "_high"))
    form = formatting.unit_format("money", currency)
    return f"{form(value)} {formatting.interval(low, high, form)}"


def balance_sentences(balance: pd.DataFrame, currency: str = "") -> tuple[str, ...]:
    """Return who costs more than they bring, and who brings much and gets little.

    Parameters
    ----------
    balance : DataFrame
        As `tier_strategy.balance_of_service` gives it.
    currency : str
        Of every amount.
    """
    if balance.empty:
        return (NO_BALANCE,)
    over, under = (balance[balance["balance"] == name] for name in (COST_ABOVE_MARGIN, LITTLE_FOR_MARGIN))
    said: list[str] = []
    if len(over) >= LEAST_PEOPLE:
        lost = formatting.money(float((over["cost_to_serve"] - over["margin"]).sum()), currency)
        said.append(f"{people_text(len(over), 'customer', 'customers')} cost more to serve within a year than the "
                    f"margin that they brought: by {lost} in all.")
    if len(under) >= LEAST_PEOPLE:
        mean = formatting.money(float(under["margin"].mean()), currency)
        cost = formatting.money(float(under["cost_to_serve"].mean()), currency)
        said.append(f"{people_text(len(under), 'customer', 'customers')} of the upper fifth by margin brought {mean} "
                    f"each, and {cost} each was spent on them, no more than on the middle customer.")
    apart = ("Control groups, key accounts, opt-outs, customers with a service case and whom a list contacts are left "
             "out.")
    nobody = "Fewer than ten customers cost more than they bring, and fewer than ten bring much and get little."
    return (*said, apart) if said else (nobody,)
