import pandas as pd
import pytest

from helpers.foundation import coded_samples
from helpers.foundation.errors import InputError


def test_a_sample_with_a_repeated_column_is_refused(home):
    sample = pd.DataFrame({"response_id": ["r1"], "polarity": ["blame"]})
    coded_samples.read_coded_sample("shop", "comments", sample)
    path = coded_samples.coded_samples_folder("shop") / "comments.csv"
    path.write_text("response_id,polarity,polarity\nr1,blame,praise\n")
    with pytest.raises(InputError, match=r"comments.csv: the name 'polarity' is given to 2 columns \(2, 3\)"):
        coded_samples.read_coded_sample("shop", "comments", sample)
