"""Churn prediction and early warning (notebook 05).

* ``alerts``: Churn alerts with owner, due date and control group; precision and effect of earlier alerts.
* ``aligned_origins``: Forecast origins aligned on one day, so that one query computes the features of them all.
* ``backtest``: Out-of-time backtest and cross-validation of churn classifiers at rolling origins.
* ``churn_by_attribute``: Churn by attribute: the churn rate at every level of every attribute, and churn against
  satisfaction.
* ``churn_features``: Churn features up to a cut-off: recency, orders, cases, contacts, events, points, survey scores.
* ``classifiers``: Churn classifiers: logistic regression, gradient boosting (LightGBM), Platt calibration, encoding.
* ``config``: Section [churn] of a study: eligibility, risk bands, alert rules, win-back, control group.
* ``crisis_recovery``: Crisis recovery: whether customers hit by a burst of complaints came back, against customers not
  hit.
* ``dataset``: Churn dataset: eligibility, churn labels, rolling origins, labelled snapshots of features.
* ``dataset_sources``: Churn datasets built from purchases, from dated contracts or from undated contracts.
* ``drift``: Feature drift between training and scoring data: population stability index (PSI).
* ``explanations``: Explanations of churn scores: SHAP contributions by feature group, and their stability.
* ``inter_purchase_time``: Inter-purchase time model (gamma-exponential), survival of gaps by spend and of contracts
  by plan.
* ``leakage``: Leakage checks: attributes known in time, suspicious names, single-feature AUC.
* ``model_selection``: Model selection: paired comparisons of AUC, Brier score and profit; the simplest model wins a
  tie.
* ``monitoring``: Weekly monitoring by control charts; bursts of complaints and how trust was repaired.
* ``profit_curve``: Profit curve of a retention campaign, EMPC (expected maximum profit), best share to contact.
* ``purchase_rate``: Value if kept: by the purchase model of customer value, else by repeat purchases to date (NBD).
* ``quality_gates``: Quality gates of churn: enough cases, out-of-sample test, leakage, calibration.
* ``realised_churn``: Realised churn: what has happened since earlier forecasts of churn and of the margin at risk.
* ``schema``: Declared result tables of churn: churn_scores, forecasts, alerts, churn_charts, churn_reasons.
* ``scoring``: Churn scores, expected churn and margin at risk with intervals.
* ``textbook_claims``: Textbook claim that emotional ties cut churn by 60 %, tested on own data.
* ``winback``: Win-back: churned customers by the expected value of contacting them again.
"""
