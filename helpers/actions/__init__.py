"""Action plan (notebook 07).

* ``config``: Section [actions] of a study: rules, capacity, share of the control group, purpose, owner.
* ``control_group``: Control group of the action plan: its size by power from the break-even, and what size would tell.
* ``eligibility``: Eligibility for contact: candidates with a tier or a risk, opt-outs, consents by purpose and
  channel.
* ``measured_response``: Measured response: what earlier action lists did against their control groups, rounds pooled.
* ``plan_summary``: Summary of the action plan: margin at risk, cost, break-even, draws to record, decision.
* ``planner``: Action planner: first matching rule, priority ranking, capacity, random control group, costs.
* ``quality_gates``: Quality gates of the action plan: risks, tiers, churn gates, consent, control group.
* ``schema``: Declared result tables of the action plan: actions, assignments_drawn, decisions.
"""
