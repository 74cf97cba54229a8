"""Buy-till-you-die models of repeat purchases: BG/NBD, MBG/NBD, Pareto/NBD, gamma-gamma.

* ``baselines``: Baselines that BTYD models must beat (naive rules, gradient boosting); Spearman and Gini of a
  ranking.
* ``bg_nbd``: BG/NBD and MBG/NBD models: likelihood, P(alive), expected purchases, simulation.
* ``btyd_preconditions``: Preconditions of BTYD models: non-contractual setting, enough repeat buyers, irregular
  purchases.
* ``channel_cohort_models``: BTYD models by acquisition channel and by cohort, used only where they forecast better.
* ``condensed_nbd``: MBG/CNBD-k model for regular buyers: likelihood, P(alive), expected purchases, simulation.
* ``covariates``: BTYD models with static covariates: purchase and drop-out rates that differ by group.
* ``fitting``: Maximum likelihood for BTYD models: Newton steps, identification, profile-likelihood intervals.
* ``frequency_recency``: Frequency, recency and age (x, t_x, T) of buyers: equal customers are counted in the engine.
* ``gamma_gamma``: Gamma-gamma model of spend per purchase: maximum likelihood, expected mean spend, independence
  check.
* ``pareto_nbd``: Pareto/NBD model: likelihood, P(alive), expected purchases, simulation.
* ``validation``: Hold-out validation of BTYD models: calibration and hold-out periods, forecast error, tracking plot.
"""
