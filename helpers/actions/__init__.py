"""Action plan (notebook 07).

* ``account_calls``: Account calls: what leads of key accounts speak with people of, by when, and how they begin.
* ``action_options``: Action options: the rules that may be followed for each customer, their worth and their limits.
* ``alert_answers``: Alert answers: what each customer warned of gets: a list's contact, a case settled, a contact of
  its own, or none.
* ``campaign_audiences``: Campaign audiences: whom service recovery, trust repair, win-back and the customer club are
  for, and why.
* ``campaigns``: Campaigns: lists of service recovery, trust repair, win-back and customer club, each with its own
  control group.
* ``case_management``: Case management: service cases that are due and by when, what a contact has to know of them, and
  their file.
* ``communication_loops``: Communication loops: who inside must know what by when, who outside is told what; contact
  fatigue.
* ``config``: Sections [actions] and [partners] of a study: rules, strategies, campaigns, capacity, control groups;
  terms of an alliance.
* ``contact_lists``: Contact lists: who is contacted by whom, how, why and by when; files for people and for tools.
* ``control_group``: Control group of the action plan: its size by power from the break-even, and what size would tell.
* ``do_not_contact``: Do not contact: who must not be approached, by whom, by which channel and until when; every
  customer counted once.
* ``effort_allocation``: Effort allocation: money, people and tools by tier, where a further unit brings most margin.
* ``eligibility``: Eligibility for contact: candidates with a tier or a risk, opt-outs, consents by purpose and
  channel.
* ``key_accounts``: Key accounts: people of the buying centre, their influence, our coverage, accounts with their risks.
* ``list_files``: List files: one file of a list, its name, for whom it is, by which channel, and what it holds.
* ``mailing_files``: Mailing files: written contacts for the tools that send them, and whom each channel leaves out.
* ``measured_response``: Measured response: what earlier action lists did against their control groups, rounds pooled.
* ``measured_rounds``: Measured rounds: what each earlier action list did, all together, and what this one is expected
  to keep.
* ``next_best_action``: Next best action: an assignment of actions to customers within limits that they share.
* ``offer_terms``: Offer terms: what an offer is worth, its code in each campaign and round, until when it holds.
* ``partners``: Partners and alliances: customers in common, the value of coalitions, terms of a joint programme.
* ``plan_summary``: Summary of the action plan: margin at risk, cost, break-even, draws to record, decision.
* ``planner``: Action planner: first matching rule, priority ranking, capacity, random control group, costs.
* ``quality_gates``: Quality gates of the action plan: risks, tiers, churn gates, consent, control group.
* ``response_curves``: Response curves: margin that contact brings a customer of a tier, by spending.
* ``sales_pipeline``: Sales pipeline: win rates, time to a decision, expected closings, whitespace.
* ``satisfaction_to_money``: Satisfaction to money: what follows an answer, and what could null it.
* ``schema``: Declared result tables of the action plan: whom it lists, what it drew, decisions, key accounts,
  partners.
* ``tier_strategy``: Strategy by tier and stage: what each gets, costs and brought; who costs more than they bring, and
  the reverse.
* ``working_days``: Working days: holidays that a study declares, days by which something is due, contacts spread
  evenly over days.
"""
