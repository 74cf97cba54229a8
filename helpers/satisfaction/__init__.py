"""Satisfaction measurement (notebook 02).

* ``comment_words``: Words of comments: split in every script, without the stop words of the comments' languages.
* ``config``: Section [satisfaction] of a study: level cuts, constructs, path model, raking, topics.
* ``driver_drift``: Driver drift: how the weights of the drivers move over the survey's waves, which dimensions appear
  and disappear.
* ``driver_linearity``: Drivers of which no straight line tells how satisfaction goes with them: satisfaction by
  their answers.
* ``drivers``: Drivers of satisfaction: importance shares, paths, total effects, importance–performance map.
* ``drivers_by_segment``: Drivers by segment: whether what satisfaction goes with differs between groups, and each
  group's own drivers.
* ``ecsi_model``: Customer satisfaction path model (ECSI) by the questions' roles, and the people who answered it
  whole.
* ``expectation_policy``: Expectation policy: sales won, satisfaction and repeat purchase by how much people expected,
  channel and campaign.
* ``expectations``: Expectations: disconfirmation (performance less expectation), response surface, updating.
* ``item_frameworks``: Item frameworks: scores by frame tags, antecedents of satisfaction, customer delivered value.
* ``kano``: Kano model: categories of properties, better and worse coefficients.
* ``late_delivery``: Late delivery: answers linked to orders, satisfaction by lateness.
* ``multigroup``: Multi-group analysis: invariance of the path model between two groups, differences of paths.
* ``nps_csat_ces``: NPS, CSAT and CES with intervals, where a question has the scale for it; else why not.
* ``penalty_reward_drivers``: Penalty–reward analysis of drivers, ordinal odds ratios, moderated paths.
* ``response_bias``: Response bias: response rate, straight-lining, floor and ceiling, weights raked to all customers.
* ``satisfaction_by_segment``: Satisfaction by segment: survey, channel, language, stratum, customer attributes, kinds
  of customer.
* ``satisfaction_index``: Satisfaction score, index, shares of the four levels, by wave and by segment.
* ``satisfaction_vs_behaviour``: Satisfaction against behaviour after the answer: repeat orders, spend, complaints.
* ``schema``: Declared result tables of satisfaction: scores, index, drivers, paths, comments, gates.
* ``service_quality``: Service quality: case funnel, days to close, complaint and omission rates, control charts.
* ``survey_quality``: Survey quality: reliability of scales, answer states, coverage, quality gates.
* ``survey_sample``: Survey sample: of a very large survey the answers of people drawn at random stand for all.
* ``text_comments``: Text comments: polarity by score, words of praise and blame, topics (NMF), audit sample.
* ``textbook_claims``: Textbook claims on word of mouth (promoters tell 12, of whom 10 come; detractors 20), tested on
  own data.
* ``undercoverage``: Undercoverage: who was never invited, and in what respondents differ from all customers beside the
  weights.
"""
