import io

import pandas as pd

from helpers.actions import list_files, mailing_files


def line(customer, channel, check="", on="2026-07-01"):
    return {"customer_id": customer, "channel": channel, "check": check, "action": "a", "script": "Hello",
            "offer": None, "offer_value": "", "offer_code": "", "valid_until": pd.NaT, "offer_terms": "",
            "campaign": "plan", "contact_on": pd.Timestamp(on), "do_by_on": pd.Timestamp("2026-07-14")}


def ids(files):
    return {one.file: pd.read_csv(io.BytesIO(one.content))["customer_id"].tolist() for one in files}


def test_each_channel_has_a_file_of_its_own_and_what_waits_another():
    lines = pd.DataFrame([line("a", "e-mail", on="2026-07-03"), line("b", "post"), line("c", "e-mail"),
                          line("d", "phone"), line("e", "post", "settle the open case first"), line("f", None),
                          line("g", "")])
    files = list(mailing_files.mailing_files(lines, ("phone",)))
    assert ids(files) == {"mailing-e-mail.csv": ["c", "a"], "mailing-post.csv": ["b"], "mailing-later-post.csv": ["e"]}
    assert [one.n_customers for one in files] == [2, 1, 1]
    assert [one.channel for one in files] == ["e-mail", "post", "post"]
    assert "check_before" in files[2].content.decode()
    assert "check_before" not in files[1].content.decode()
    assert not files[0].content.startswith("\ufeff".encode())  # programs stumble over the mark


def test_a_list_to_leave_out_holds_whom_every_or_this_channel_is_barred_for_and_until_when():
    apart = pd.DataFrame({"customer_id": list("abcd"), "reason": "no consent to marketing",
                          "not_by": ["any", "e-mail, post", "phone", "e-mail newsletter"],
                          "no_contact_until": pd.to_datetime(["2026-03-31", None, None, None])})
    files = list(mailing_files.suppression_files(apart, ("e-mail", "phone", "post", "visit")))
    assert ids(files) == {"do-not-contact-by-e-mail.csv": ["a", "b"], "do-not-contact-by-phone.csv": ["a", "c"],
                          "do-not-contact-by-post.csv": ["a", "b"], "do-not-contact-by-visit.csv": ["a"]}
    assert files[0].content.decode().splitlines() == ["customer_id,no_contact_until", "a,2026-03-31", "b,"]
    assert not list(mailing_files.suppression_files(apart.iloc[2:3], ("e-mail",)))
    assert not list(mailing_files.suppression_files(apart.head(0), ("e-mail",)))


def test_names_of_files_are_free_and_hold_no_path():
    assert list_files.slug("../E-Mail") == "e-mail"
    assert list_files.free_name("a", ["a.xlsx", "a-2.xlsx", "ab.xlsx"]) == "a-3"
    assert list_files.free_name("b", ["a.xlsx"]) == "b"
