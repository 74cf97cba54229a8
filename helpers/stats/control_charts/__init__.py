"""Statistical process control: Shewhart, CUSUM and EWMA charts with simulated limits.

* ``average_run_length``: Average run length (ARL) of CUSUM and EWMA charts, parameters known.
* ``baseline_outliers``: Phase I of a control chart: baseline periods far beyond the limits are left out.
* ``control_limits``: Control limits by simulation with an estimated baseline, season and autocorrelation.
* ``spc_charts``: Control charts of weekly or monthly figures: alarms for spikes and shifts, and their onset.
* ``time_series``: Time series for control charts: means, shares (p chart) and rates (u chart) by period.
"""
