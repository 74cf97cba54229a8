"""Loyalty modelling (notebook 03).

* ``breakpoint_slopes``: Slopes below, between and above the breakpoints, with profile-likelihood intervals.
* ``breakpoints``: Breakpoints of satisfaction and loyalty: test of two, their place; curve shapes by
  cross-validation.
* ``coalition_points``: Coalition points: issued and redeemed by partner, and members who use points elsewhere than
  they earn them.
* ``config``: Section [loyalty] of a study: cuts of attitude and behaviour, horizon, programme terms.
* ``dick_basu``: Dick & Basu loyalty matrix: attitude, repeat purchase, and true, latent, spurious or no loyalty.
* ``dick_basu_uncertainty``: Uncertainty of the Dick & Basu matrix: shares, sensitivity to cuts, measurement error.
* ``enrolment``: Enrolment: members by channel of joining over the same days; members of a programme or club against
  others.
* ``loyalty_by_tenure``: Loyalty by tenure: purchases by period since the first, attitude by time as a customer.
* ``loyalty_dimensions``: Dimensions of loyalty: attachment, repeat purchase, share of category, price tolerance,
  advocacy; how far apart.
* ``loyalty_penalty``: Loyalty penalty: prices and discounts of old customers against new ones.
* ``loyalty_type_evidence``: Evidence for types of loyalty: answers on switching and price, promotions, redemptions.
* ``loyalty_types``: Types of loyalty: monopoly, inertia, price, incentive, trust; hostages; latent classes.
* ``monotone_logistic``: Monotone logistic regression on counts by score: straight and broken lines, rising slopes.
* ``points_ledger``: Points ledger: opening + earned + adjusted = redeemed + expired + closing; quality gates.
* ``points_liability``: Points liability and breakage: ultimate redemption by chain ladder; all programme records.
* ``programme_effect``: Programme effect: purchases after enrolment, of members against matched customers who have
  not enrolled yet.
* ``programme_tiers``: Programme tiers: transition matrix, current tiers, other thresholds, a shared profit pool.
* ``quality_gates``: Quality gates of loyalty: people near the loyalty threshold, people with answers and orders.
* ``redemption_cohorts``: Redemption by issue cohort: matched to lots, FIFO or LIFO; cumulative triangle.
* ``repurchase_backtest``: Back-test of the repurchase model: out-of-time accuracy and calibration at every origin,
  their mean and the worst.
* ``repurchase_model``: Repurchase model (loyalty score): snapshots, logistic fit, calibration, current scores.
* ``repurchase_moderators``: Moderators of the association of satisfaction and repurchase: competition, switching cost,
  programme, quality.
* ``satisfaction_loyalty_link``: Link of satisfaction and repurchase: who bought again, odds, breakpoints, the curve.
* ``schema``: Declared result tables of loyalty: loyalty_customers, loyalty_curve, programme_liability, tier_moves.
* ``structural_model``: Structural model of loyalty (PLS).
* ``textbook_claims``: Textbook claims on loyalty (recommendation; behaviour of the least and most satisfied 15 %),
  tested on own data.
* ``web_behaviour``: Web behaviour: visit frequency and depth, days to purchase, delivery promises kept, repurchase by
  channel.
"""
