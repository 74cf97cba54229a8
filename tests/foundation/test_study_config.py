import pytest
from pydantic import BaseModel

from helpers.foundation import study_config
from helpers.foundation.errors import InputError


@pytest.fixture
def written(tmp_path):
    def write(text):
        path = tmp_path / "shop.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_every_assumption_says_whether_the_study_set_it(written):
    economics = study_config.read_study_file(written('name = "shop"\n[economics]\nmargin_rate = 0.5\n')).economics
    table = economics.table().set_index("assumption")
    assert economics.margin_rate == 0.5
    assert table.loc["margin_rate", "set_by"] == "study"
    assert table.loc["contact_cost", "set_by"] == "default"
    assert table["meaning"].str.contains(r"\[.+\]$").all()


def test_an_assumption_is_shown_in_words_without_brackets_or_quotes_and_what_is_empty_as_none():
    class Asked(study_config.Section):
        ways: tuple[str, ...] = ("phone", "visit")
        cap: int | None = None
        owners: dict[str, int] = {}  # noqa: RUF012
        asks: bool = False

    assert Asked().table()["value"].tolist() == ["phone, visit", "none", "none", "no"]


def test_all_problems_of_a_section_are_named_in_one_sentence(written):
    sections = study_config.read_study_file(written("[economics]\nmargin_rat = 0.5\ncontact_cost = -1.0\n"))
    with pytest.raises(InputError) as error:
        _ = sections.economics
    assert "studies/shop.toml [economics]" in str(error.value)
    assert "unknown key 'margin_rat' (did you mean 'margin_rate'?)" in str(error.value)
    assert "contact_cost = -1.0: input should be greater than or equal to 0" in str(error.value)


def test_an_unknown_key_at_the_top_is_refused(written):
    with pytest.raises(InputError, match=r"unknown key 'titel'.*did you mean 'title'"):
        study_config.read_study_file(written('titel = "x"\n'))


def test_a_file_that_is_not_toml_is_one_sentence(written):
    with pytest.raises(InputError, match=r"studies/shop.toml: not readable as TOML"):
        study_config.read_study_file(written("name = \n"))


class Scale(BaseModel):
    ends: tuple[int, int]
    names: list[str] = []


@pytest.mark.parametrize(("values", "said"), [
    ({"ends": 3}, "ends = 3: several values are needed, written in brackets: ends = [a, b]"),
    ({"ends": [1]}, "ends = [1]: more values are needed, written in brackets: ends = [a, b]"),
    ({"ends": (1, 2, 3)}, "ends = (1, 2, 3): at most 2 values are allowed, written in brackets: ends = [a, b]"),
    ({"ends": [1, 2], "names": "x"}, "names = 'x': several values are needed, written in brackets: names = [a, b]"),
])
def test_a_key_of_several_values_says_how_it_is_written(values, said):
    with pytest.raises(InputError) as refused:
        study_config.validate_model(Scale, values, "studies/small.toml")
    assert str(refused.value) == f"studies/small.toml: {said}"


def test_a_value_that_neither_study_nor_default_sets_says_what_does():
    section = study_config.Economics(offer_cost=5.0).with_values({"contact_cost": 2.0}, "profile")
    assert [section.set_by(name) for name in ("contact_cost", "offer_cost", "margin_rate")] == [
        "profile", "study", "default"]
    shown = section.table().set_index("assumption").loc["contact_cost"]
    assert (shown["value"], shown["set_by"]) == ("2.0", "profile")
