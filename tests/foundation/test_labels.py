import pytest

from helpers.foundation import labels


@pytest.fixture
def declared():
    labels.declare_labels({"friends": "Recommended by a friend", "one_page_checkout": "One-page checkout"})
    yield
    labels.declare_labels({})


def test_a_declared_label_stands_for_its_id_alone_and_within_a_text(declared):
    assert labels.readable_id("friends") == "Recommended by a friend"
    assert labels.readable_id("one_page_checkout on spend") == "One-page checkout on spend"


def test_labels_of_one_source_do_not_outlive_the_next(declared):
    labels.declare_labels({})
    assert labels.readable_id("one_page_checkout") == "one page checkout"


@pytest.mark.parametrize(("text", "said"), [
    ("demographic_age", "age"), ("covariate_sales_before", "sales before"), ("plain words", "plain words"),
    ("data/audits/comments_sample.csv", "data/audits/comments_sample.csv"), ("order_lines.csv", "order_lines.csv"),
    ("order_id is empty.", "order id is empty."), ("_", "_"),
    ("churn alerts of 2025-09-30: treated", "churn alerts of 30 September 2025: treated"),
    ("alerts of 2025-09-30-1", "alerts of 2025-09-30-1"), ("part 2 of 2025-13-45", "part 2 of 2025-13-45"),
])
def test_underscores_go_but_not_from_paths_and_names_of_files(text, said):
    assert labels.readable_id(text) == said
