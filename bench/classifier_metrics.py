"""What classifier metrics keep by hand, beside the libraries of record: ``python bench/classifier_metrics.py [n …]``.

Each is timed on as many customers as stated, the least of several repeats that take turns; a ratio says how many times
as long the library takes, and the last column how far its numbers lie from ours. The bins stand here for what their
counts and limits cost beside a curve without. DeLong's error and the calibration error have no peer.
"""

import argparse
import time
from functools import partial

import numpy as np
from scipy import special
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss
from statsmodels.genmod.families import Binomial
from statsmodels.genmod.generalized_linear_model import GLM

from helpers.stats import classifier_metrics

ROW = "{work:34}{n:>9}{ours:>11}{peer:>30}{theirs:>11}{ratio:>8}{apart:>11}"


def drawn(n):
    """Return outcome and a stated probability that is too bold and too high."""
    rng = np.random.default_rng(1)
    z = rng.normal(-0.3, 1.2, n)
    return (rng.random(n) < special.expit(z)).astype(float), special.expit(1.5 * z + 0.3)


def alternated(ours, theirs, times=7):
    """Return the least milliseconds of two works that take turns, and what came of each."""
    least, found = [np.inf, np.inf], [None, None]
    for _ in range(times):
        for i, work in enumerate((ours, theirs)):
            began = time.perf_counter()
            found[i] = work()
            least[i] = min(least[i], 1000 * (time.perf_counter() - began))
    return least, found


def brier(y, p):
    return classifier_metrics.brier_score(y, p).value


def intercept(y, p):
    return classifier_metrics.calibration_intercept(y, p).value


def bins(y, p):
    return classifier_metrics.calibration_bins(y, p)["share_observed"].to_numpy()


def glm_intercept(y, p):
    return GLM(y, np.ones(len(y)), family=Binomial(), offset=special.logit(p)).fit().params[0]


def curve(y, p):
    return calibration_curve(y, p, n_bins=10, strategy="quantile")[0]


WORKS = (("Brier score with limits", brier, "sklearn brier_score_loss", brier_score_loss),
         ("calibration in the large", intercept, "statsmodels GLM", glm_intercept),
         ("ten bins with counts and limits", bins, "sklearn calibration_curve", curve))


def main():
    """Print one line for each of what is kept and each size."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("customers", type=int, nargs="*", default=[300, 3_000, 100_000])
    print(ROW.format(work="work", n="customers", ours="ours ms", peer="peer", theirs="peer ms", ratio="ratio",
                     apart="apart"))
    for n in parser.parse_args().customers:
        y, p = drawn(n)
        for work, ours, peer, theirs in WORKS:
            seconds, found = alternated(partial(ours, y, p), partial(theirs, y, p))
            apart = np.abs(found[0] - found[1]).max()
            print(ROW.format(work=work, n=f"{n:,}", ours=f"{seconds[0]:.2f}", peer=peer, theirs=f"{seconds[1]:.2f}",
                             ratio=f"{seconds[1] / seconds[0]:.1f}", apart=f"{apart:.0e}"))


if __name__ == "__main__":
    main()
