"""Customers: purchases, features, random assignment and time windows that several notebooks share.

* ``contract_status``: Contract status at the as-of day: notice given runs on, impossible dates are left out.
* ``customer_kinds``: Kinds of customer: consumer, intermediary, internal, public interest; what each may and may not
  be asked.
* ``duplicate_accounts``: Duplicate accounts: several customer numbers of one person, by person key; records counted
  once a person.
* ``features``: Customer features at a cut-off: recency, frequency, sales, refunds and margin, as lazy tables.
* ``kmeans_segments``: K-means segments of customers, with silhouette, bootstrap Jaccard and adjusted Rand index.
* ``membership``: Membership: whether each customer is among others, at once for a million.
* ``purchases``: Purchase occasions: days with net sales above zero; counts by customer and by month.
* ``random_assignment``: Random assignment of customers: a registry of open draws, one arm a customer; stratified
  draws; global control group.
* ``windows``: Time windows: cut-off, gap and outcome window of a snapshot; two periods to compare.
"""
