"""PLS path models (PLS-SEM): outer weights, paths, evaluation, in all bootstrap replicates at once.

* ``measurement_model``: Measurement model of a path model: alpha, omega, AVE, HTMT, loadings, their gates, and what
  they strike.
* ``outer_weights``: Outer weights of PLS path models by the centroid, factorial and path schemes.
* ``path_model``: PLS path model (PLS-SEM): blocks, paths, loadings, R², total effects, consistent PLS.
* ``pls_evaluation``: Evaluation of PLS models: index, Q² out of sample, invariance (MICOM), moderation, improper
  solutions.
"""

from helpers.stats.pls_sem import measurement_model, pls_evaluation

__all__ = ["measurement_model", "pls_evaluation"]
