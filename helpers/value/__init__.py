"""Customer value (notebook 04).

* ``acquisition``: Customer acquisition cost (CAC) and payback period, by acquisition channel, by campaign and by
  cohort.
* ``btyd/``: Buy-till-you-die models of repeat purchases: BG/NBD, MBG/NBD, Pareto/NBD, gamma-gamma.
* ``clv``: Customer lifetime value (CLV): discounted expected margin, with confidence and prediction intervals.
* ``clv_valuation``: CLV valuation from preconditions by hold-out and refit to customer equity; CLV columns by
  customer.
* ``cohorts``: Cohort analysis: retention and margin by quarter of first purchase.
* ``concentration``: Concentration of sales and profit: Lorenz curve, Gini coefficient, whale curve with loss-makers.
* ``config``: Sections [value] and [plan] of a study: period lengths, tiers, CLV horizon, case costs; planned
  quarters.
* ``customer_indices``: Customer indices from 0 to 100: satisfaction, loyalty, contribution, word of mouth.
* ``customer_profitability``: Customer profitability: cost to serve and profit by customer, by tier and life-cycle
  stage.
* ``early_behaviour``: Early behaviour and tenure: what the first 90 days, and years, as a customer foretell of
  the margin that follows.
* ``historical_value``: Historical value by customer: sales, margin, occasions to date; realised orders and margin.
* ``ledgers``: Ledgers of money, service and feeling: what is put into customers and what comes back, by tier and by
  stage.
* ``life_cycle``: Customer life cycle: stages from new to lost, moves between stages, value by stage.
* ``perceptual_map``: Perceptual map: brand positioning by correspondence analysis of brand attributes.
* ``quality_gates``: Quality gates of customer value: history, period length, coverage of ids and unit costs.
* ``purchase_forecast``: Purchases to come where no money is recorded: who is still a customer, and how many orders
  are expected.
* ``recurring_revenue``: Recurring revenue: fees of the next quarter if nothing is done, by survival, beside a naive
  rule; new contracts.
* ``referrals``: Referrals: who referred customers, and the margin of referred customers against others.
* ``retained_customers``: Retained customers: volume-price-margin split, gross and net revenue retention.
* ``retention_economics``: Retention economics: margin gained by a higher retention rate, and the most to spend on it.
* ``retention_mix``: Retention mix: how much of a change in the retention rate comes from which customers there were.
* ``revenue_bridge``: Revenue bridge: change in revenue by new, retained, reactivated and churned customers; retention
  rate.
* ``rfm``: RFM: recency, frequency and monetary quintile scores.
* ``sales_forecast``: Sales forecast: orders, net sales and margin of the next quarter if nothing is done, as a fan of
  quantiles.
* ``schema``: Declared result tables of customer value: customer_value, customer_segments, value_forecasts.
* ``seasonality``: Seasonality: a factor for each week of the year, and customers' times counted by it.
* ``segmentation``: Customer segmentation on four bases, and how much of future value each base explains.
* ``subscriptions``: Subscriptions: survival by plan (Kaplan-Meier), contract CLV, running and ended contracts.
* ``textbook_claims``: Textbook claims on customer value (80/20, 5 % more old customers, acquisition cost), tested on
  own data.
* ``tier_migration``: Tier migration: transition matrix between two periods' tiers, regression to the mean of the
  best.
* ``tiers``: Customer tiers (pyramid): customers ranked by value, cut into tiers, the share of money each tier holds.
* ``value_predictors``: Value predictors: a Poisson regression of the margin that follows, and what each predictor adds
  out of sample.
* ``weekly_sales``: Weekly sales: orders, new customers, net sales and margin by week; the weeks to come, past quarters.
"""
