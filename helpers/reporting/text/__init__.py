"""What pages say: sentences assembled from numbers, one module a page and topic.

* ``account_plan``: Text of key accounts: pipeline, closings expected, coverage, next steps at an account.
* ``action_results``: Text on the results of earlier lists: what contact brought in money beside the control group, cost
  and net.
* ``actions``: Text of the action plan: margin at risk, the list, its cost and break-even.
* ``campaign_plan``: Text of lists and campaigns: control groups, whom they contact, what is known of their response;
  redemption.
* ``churn``: Text of the churn page: risk, models, calibration, forecast.
* ``churn_alerts``: Text on churn timing, notice given, the simple rule, reasons, alerts, control charts, the profit of
  a campaign.
* ``churn_attributes``: Text on churn by attribute: where churn is highest and lowest, and whether it goes with
  satisfaction.
* ``contact_loops``: Text of communication loops: what is due inside, what is told outside, contact fatigue.
* ``crisis_and_winback``: Text on crises and win-back: bursts of complaints, whether those hit came back, whom to ask
  back.
* ``customer_value``: Text on customer lifetime value, its hold-out validation, and retained customers.
* ``experiment_decisions``: Text of the decisions that verdicts of experiments ask for: what, gain, worst case, who
  acts.
* ``experiment_long_run``: Text on looks over time, novelty, interactions of experiments and value after the window.
* ``experiment_methods``: Text on CUPED, power, A/A tests and outcomes of earlier lists.
* ``experiment_payoffs``: Text of what shipping an arm brings in money: gain, cost, break-even of a cost that is not
  declared, worst case.
* ``experiment_targeting``: Text on whom to treat: uplift, policy value, effects by what was known before.
* ``experiments``: Text of the experiments page: verdicts, effects and caveats.
* ``forecast_grades``: Text on graded forecasts: what was forecast and what came, which ranges held, whether a simple
  rule did as well.
* ``forecast_tries``: Text on forecasts tried on the past: by how much they missed, beside the simple rules.
* ``intake``: Text of the intake page: what arrived, what was rejected and why, coverage, the finance line.
* ``leadership``: Text of the leadership page: run state, KPIs, changes, forecasts graded, caveats.
* ``leadership_contracts``: Text of the leadership page on contracts whose ends have no day: bounds of what has no
  date, and what is asked.
* ``leadership_coverage``: Text of the leadership page on coverage: who is not in the data, and whether they could
  reverse what it says.
* ``leadership_decisions``: Text of the leadership page's decisions: what is asked for today, and on what terms.
* ``leadership_finance``: Text of the leadership page on finance: revenue, contracts and control totals, as counted.
* ``leadership_findings``: Text of the leadership page's findings: one a step, with its caveats.
* ``leadership_margin``: Text of the leadership page on margin at risk: how much, by when, and how much of it contact
  can save.
* ``leadership_outlook``: Text of the leadership page on what is ahead: who is gone for good, simple rules, sales that
  cannot be forecast.
* ``leadership_planned``: Text of the terms of a planned decision: what the list is to save, what a test or a trial
  costs, what is owed.
* ``leadership_questions``: Ten questions that leadership asks, each answered in a sentence, or *cannot say*, with the
  reason.
* ``leadership_retention``: Text of the leadership page on retention: the rate that counts, the year before it, season
  and mix, by money.
* ``leadership_revenue``: Text of the leadership page on revenue: which customers made it move, and what is not on
  record.
* ``leadership_satisfaction``: Text of the leadership page on satisfaction: whether what customers do moves with it, and
  what would show a cause.
* ``loyalty``: Text of the loyalty page: attitude by behaviour.
* ``loyalty_motives``: Text on loyalty types and their evidence.
* ``loyalty_robustness``: Text on the robustness of loyalty types: other thresholds, respondents, attitude and behaviour
  together.
* ``market_dynamics``: Text on market dynamics: early behaviour and tenure that foretell value, cohorts by channel and
  campaign.
* ``missing_loyalty_records``: Text on what the loyalty page lacks records for, and what it would take.
* ``next_quarter``: Text on the sales forecast: what the next quarter brings if nothing is done, how well that is known,
  the plan.
* ``online_loyalty``: Text on loyalty online: promises of delivery, visits, channels, trust.
* ``partner_coalition``: Text of partners: customers in common, the coalition's value and its division, terms of a
  joint programme.
* ``points_programme``: Text on the points programme, its tiers and partners.
* ``prices_by_tenure``: Text on prices by tenure: the loyalty penalty, and discounts on the list price.
* ``programme_members``: Text on members of the programme: purchases after enrolment, members against others, channels
  of joining.
* ``repurchase``: Text on satisfaction and repurchase: breakpoints, moderators, structural model, loyalty score.
* ``retention_change``: Text on a change of the retention rate: mix, money, quarters, reactivated customers, whom lists
  drew for contact.
* ``response_rounds``: Text on response rounds: contact and margin round by round, and why a round's margin is not that
  of the plan.
* ``satisfaction``: Text of the satisfaction page: index, levels, NPS, CSAT, waves.
* ``satisfaction_and_margin``: Text of satisfaction and margin: what a director can repeat, what could null it.
* ``satisfaction_context``: Text on survey answers, deliveries, penalty–reward, groups, comments and service
  rates.
* ``satisfaction_drivers``: Text on satisfaction drivers, paths and discriminant validity.
* ``satisfaction_expectations``: Text on expectations: whether they are met, where they are missed, what goes with
  raising them.
* ``satisfaction_frameworks``: Text on the frames of questions: levels of satisfaction, around the purchase,
  antecedents, delivered value.
* ``satisfaction_segments``: Text on segments: how satisfied they are, and what goes with satisfaction in each.
* ``service_rates``: Text on service: the nested funnel of cases, what each stage leaves undone, control charts of
  the rates.
* ``stale_records``: Text on stale records: which day a page's figures speak for, and what is not reported after it.
* ``survey_checks``: Text on whether the survey can be trusted: reliability of its scales, sensitivity to non-response.
* ``tier_allocation``: Text of strategy and effort by tier: where money goes and would go, who costs more than they
  bring.
* ``value``: Text of the customer value page: revenue bridge, retention, concentration, tiers.
* ``value_relationships``: Text on acquisition cost, payback, referrals, retention economics, life cycle,
  profitability.
* ``value_segments``: Text on customer indices, segments, positioning and textbook claims.
"""
