"""A/B evaluation (notebook 06).

* ``aa_test``: A/A tests on own metrics: random splits of the control and their false-positive rate.
* ``action_outcomes``: Outcomes of customer lists that earlier runs drew: repurchase, margin, contracts, satisfaction.
* ``aggregates``: Aggregates by arm in the engine: counts, means, variances, covariances of metrics.
* ``analysis``: Analysis of each arm against control by the applicable method; adjustment over a family of tests.
* ``bayesian``: Bayesian A/B test: posterior, chance to win, expected loss of shipping or stopping.
* ``blocked``: Blocked experiments: matched pairs and strata, compared within blocks and averaged over them.
* ``cluster_robust``: Cluster-robust differences: CR2 errors with Satterthwaite degrees of freedom, cluster
  permutation.
* ``compliance``: Compliance by arm, and the complier average causal effect beside intention to treat.
* ``config``: Section [experiments] of a study: thresholds of the checks and the plan of each experiment.
* ``crossovers``: Crossovers: units in two arms, units served another arm than their own, repeated records.
* ``decisions``: Decision rules: ship, stop, keep running or invalid, for every experiment.
* ``design``: Experiment design: control, arms, planned shares and metrics, from the plan or the assignments.
* ``effects_over_time``: Effects over time: always-valid intervals at every look, and novelty, the trend by period.
* ``experiment_data``: Experiment data: aggregates, units in memory, cluster totals and a seed for each comparison.
* ``health_checks``: Health checks: sample ratio mismatch (SRM), covariate balance, missing values, outliers, late
  exposure.
* ``interactions``: Interactions between experiments on the same units: the effect of one by the arm of another.
* ``mean_difference``: Difference in means (Welch), in shares (score test), relative lift, leave-one-out.
* ``method_selection``: Method selection: means, shares, ratios, quantiles or clusters by the method that applies.
* ``missing_covariates``: Missing covariates by arm: differential missingness tested, unknown values at the pooled
  mean.
* ``modelled_value``: Modelled value: effects on the value that a purchase model expects after the window.
* ``payoffs``: Payoffs: what shipping an arm brings in money, and what it costs, were all units that took part treated.
* ``permutation``: Permutation test of a difference in means, with its confidence interval.
* ``policy_value``: Policy value: what a rule of whom to treat earns under cost and capacity; calibration of uplift.
* ``power``: Power analysis: power, minimum detectable effect, sample size and run time.
* ``preconditions``: Preconditions of each test: skewness, number of buyers, weight of one unit; else another method.
* ``proportions``: Proportions of two arms: Miettinen-Nurminen score interval and test, Fisher's exact test.
* ``quality_gates``: Quality gates of an experiment: plan, arms, planned shares, independence, primary metric.
* ``quantile_effects``: Quantile treatment effects with distribution-free confidence intervals.
* ``recorded_outcomes``: Recorded outcomes of experiments on customers, held against their transactions.
* ``regression``: Regression: the units of the first comparison that decides, for a linear model.
* ``rival_arms``: Rival arms: arms that may each be shipped, compared with each other; the best arm.
* ``schema``: Declared result tables of experiments: experiment_gates, experiment_effects, targeting_curve.
* ``sequential``: Sequential testing: always-valid confidence sequences and p-values.
* ``summary_statistics``: Summary statistics as units of analysis: counts, means and variances by arm and period.
* ``uplift``: Uplift modelling: T-learner against a one-line rule, Qini curves, subgroup effects.
* ``variance_reduction``: Variance reduction: CUPED, ratio metrics (delta method), winsorised means, trimming bounds.
"""
