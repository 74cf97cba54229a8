"""Statistics without a subject, on top of statsmodels, scikit-learn and scipy.

* ``bootstrap``: Bootstrap counts, moments of all replicates in one product of matrices, percentile intervals.
* ``chain_ladder``: Chain ladder (Mack), Bornhuetter–Ferguson, Benktander and Cape Cod for triangles of cohorts.
* ``classifier_metrics``: Classifier metrics: AUC (DeLong), Brier score, average precision, lift, calibration.
* ``coalition_game``: Cooperative games: Shapley values, interactions and the core of a game whose worths are sums of
  independent parts.
* ``common_items``: Common items: groups that were asked different questions are compared by those in common.
* ``confidence_intervals``: Confidence intervals of means, shares, net shares, differences and correlations, weighted
  too.
* ``control_charts/``: Statistical process control: Shewhart, CUSUM and EWMA charts with simulated limits.
* ``correspondence_analysis``: Correspondence analysis of a table of counts, with bootstrap confidence ellipses.
* ``disclosure_control``: Disclosure control: small groups of people are suppressed, shares of few are not shown.
* ``forecast_evaluation``: Forecast evaluation: what happened within the window of each earlier forecast; expected
  losses and realised ones.
* ``kaplan_meier``: Kaplan–Meier survival curves and hazards by group, median, share left, with intervals.
* ``latent_class``: Latent class analysis of yes-or-no indicators by EM; number of classes by BIC.
* ``linearity``: Test of linearity: rating scales of a regression as categories against their straight lines.
* ``logistic_regression``: Logistic regression (GLM of statsmodels), Wald intervals, average marginal effects.
* ``multiple_testing``: Multiple testing: Holm and Benjamini–Hochberg adjustment of p-values.
* ``ordinal_logit``: Ordinal logit (proportional odds): odds ratios of a higher answer, test of proportional odds.
* ``penalty_reward``: Penalty–reward contrasts: what the lowest and the highest third go with, against the middle.
* ``pls_sem/``: PLS path models (PLS-SEM): outer weights, paths, evaluation, in all bootstrap replicates at once.
* ``raking``: Raking of weights to known margins, with trimming, in all replicates at once; design effect.
* ``relative_importance``: Relative importance of drivers: Shapley values, LMG shares of R², Johnson's relative
  weights.
* ``scale_reliability``: Scale reliability and validity: Cronbach's alpha, omega, AVE, HTMT, gates on alpha.
* ``suppressed_tables``: Suppressed tables: rows of frames and result tables that describe small groups, withheld.
* ``survey_scales``: Survey scales: answers from 0 to 100 in the good direction, not-applicable codes, latest answers.
* ``survey_weights``: Survey weights and replicate weights: weighted means, shares and differences with intervals.
"""
