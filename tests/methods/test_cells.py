import numpy as np

from helpers.foundation.estimates import Status
from helpers.methods.cells import published
from helpers.methods.intervals import Interval


def test_ten_people_are_published_and_nine_are_not():
    interval = Interval(0.5, 0.2, 0.8)
    ten, nine = (published("x", interval, n, unit="share", segment="wave 1") for n in (10, 9))
    assert (ten.value, ten.low, ten.high, ten.status, ten.n) == (0.5, 0.2, 0.8, Status.OK, 10)
    assert (nine.status, nine.reason, nine.n) == (Status.INSUFFICIENT, "fewer than 10 people", 9)
    assert np.isnan(nine.value)
