"""What columns mean: personal data by value as well as by name, and words of many languages."""

import tomllib
from decimal import Decimal

import pytest

from helpers.intake import infer_profile, infer_semantics, infer_types

MARKS, PEOPLE = ["1", "2", "3", "4", "5"] * 6, [f"Ann Miller {chr(65 + i % 26)}" for i in range(30)]


@pytest.mark.parametrize("name", ["Staff address my needs", "Tell us about our speed", "Rate our telephone service",
                                  "NumberOfAddress", "Mobile app rating", "How well was your address delivered to?"])
def test_questions_and_counts_are_no_personal_data_whatever_words_they_hold(name):
    assert not infer_semantics.is_personal(infer_types.infer_column(name, MARKS))
    words = ["Satisfied", "Neither", "Dissatisfied"] * 10
    if name != "NumberOfAddress":
        assert not infer_semantics.is_personal(infer_types.infer_column(name, words))


@pytest.mark.parametrize(("name", "texts"), [
    ("Name", PEOPLE), ("Nachname", PEOPLE), ("Customer name", PEOPLE), ("What is your full name?", PEOPLE),
    ("Prénom", PEOPLE), ("姓名", ["王芳", "李伟"]), ("E-Mail", ["x"]), ("Kontakt", ["ann@example.org", "-"]),
    ("Reach me", ["+49 30 1234567", "030 123456"]), ("Phone", ["01701234567", "01701234568"]),
    ("IP Address", ["192.0.2.9"]), ("Billing Street", ["1 High St"]), ("PLZ", ["10115", "80331"]),
    ("Date of birth", ["1990-01-31"]), ("LocationLatitude", ["52.51", "48.13"]), ("Lat Long", ["52.51, 13.4"]),
    ("Auftraggeber/Empfänger", PEOPLE), ("Payee", PEOPLE), ("Customer Description", PEOPLE),
    ("Cardholder Name", PEOPLE)])
def test_names_addresses_and_numbers_of_people_are_personal_data(name, texts):
    assert infer_semantics.is_personal(infer_types.infer_column(name, texts))


@pytest.mark.parametrize(("name", "texts"), [
    ("Name", ["#1001", "#1002"]), ("Product name", ["Tea", "Mug"]), ("Account Name", ["Acme 1"]),
    ("Username_count", ["1"]), ("Latency", ["52.5", "48.1"]), ("Recipients", ["120", "340"]),
    ("order_no", ["5000000001", "5000000002"]), ("Telco plan", ["basic"]), ("Comment", ["good", "bad"])])
def test_what_only_sounds_alike_is_kept(name, texts):
    assert not infer_semantics.is_personal(infer_types.infer_column(name, texts))


@pytest.mark.parametrize("header", [
    "Ordernr;Kundnr;Datum;Belopp", "Ordrenr;Kundenr;Dato;Beløp", "Zamówienie_nr;Klient_id;Data;Kwota",
    "订单号;客户编号;日期;金额", "주문번호;고객번호;날짜;금액", "Sipariş No;Müşteri No;Tarih;Tutar",
    "Bestelnummer;Klantnummer;Datum;Bedrag", "id_pedido;id_cliente;fecha;importe",
    "N° commande;N° client;date;montant",
    "numero_ordine;codice_cliente;data;importo", "numéro_commande;identifiant client;date_achat;montant",
    "código_pedido;código_cliente;data_compra;valor", "id_ticket;id_foyer;date;montant"])
def test_orders_are_known_in_the_words_of_many_languages(small, header):
    lines = "".join(f"{1000 + i};K{i % 7:02};2024-05-{i + 1:02};{i},50\n" for i in range(28))
    small.file("orders.csv", f"{header}\n{lines}")
    profile = tomllib.loads(infer_profile.draft_profile([small.folder / "orders.csv"]), parse_float=Decimal)
    order, customer, day, amount = header.split(";")
    made = profile["tables"]["transactions"]["columns"]
    assert made["customer_id"] == f'"{customer}"'
    assert (made["ordered_at"]["from"], made["amount"]) == (f'"{day}"', f'"{amount}"')
    assert made["order_id"] == f'"{order}"'


@pytest.mark.parametrize(("name", "texts", "is_one"), [
    ("zip_code", ["Urban", "Rural", "Suburban"], False), ("postal code", ["V5R 1W3", "T2E 0W8"], True)])
def test_kinds_of_places_are_no_postal_codes(name, texts, is_one):
    assert infer_semantics.is_personal(infer_types.infer_column(name, texts)) is is_one


@pytest.mark.parametrize(("country", "money", "currency"), [
    ("United Kingdom", "worth", "GBP"), ("Canada", "worth in dollars", "CAD"), ("Brazil", "worth in dollars", "USD"),
    ("Schweiz", "worth", "CHF"), ("DE", "worth", "EUR"), ("Nowhere", "yen paid", "JPY"), ("Japan", "US$ paid", "USD")])
def test_a_currency_is_told_by_signs_then_by_words_and_the_country_of_most_records(small, country, money, currency):
    rows = "".join(f"A{i},K{i % 7},2025-01-{i % 28 + 1:02d},{i}.5,{'Peru' if i % 9 == 0 else country}\n"
                   for i in range(60))
    small.file("sales.csv", f"order_no,customer_no,order_date,{money},country\n{rows}")
    assert f'currency = "{currency}" # guess: ' in infer_profile.draft_profile([small.folder / "sales.csv"])


def test_a_description_of_columns_tells_the_currency(small):
    small.file("fields.csv", "field,description\nrevenue,Annual revenue in millions of CHF\nname,What it is called\n")
    small.file("sales.csv", "order_no,customer_no,order_date,worth\n" + "".join(
        f"A{i},K{i % 7},2025-01-{i % 28 + 1:02d},{i}.5\n" for i in range(60)))
    told = tomllib.loads(infer_profile.draft_profile(sorted(small.folder.glob("*.csv"))), parse_float=Decimal)
    assert told["currency"] == "CHF"
    small.file("fields.csv", "field,description\nworth,\"without VAT, SEK\"\nname,What it is called\n")
    told = tomllib.loads(infer_profile.draft_profile(sorted(small.folder.glob("*.csv"))), parse_float=Decimal)
    assert told["currency"] == "SEK"


def rows_of(small, name, head, row, n=60):
    small.file(name, head + "\n" + "".join(row(i) + "\n" for i in range(n)))


def drafted(small):
    return tomllib.loads(infer_profile.draft_profile(sorted(small.folder.iterdir())), parse_float=Decimal)["tables"]


@pytest.mark.parametrize(("head", "gone", "stayed"), [
    ("id_cliente;antigüedad_meses;tipo_contrato;cargo_mensual;baja", "Sí", "No"),
    ("id_cliente;antiguedad;contrato;cuota_mensual;Estado baja", "Baja", "Activo"),
    ("numéro client;ancienneté (mois);forfait;prix mensuel;résilié", "Oui", "Non"),
    ("codice_cliente;anzianità_mesi;piano;canone_mensile;disdetta", "Vero", "Falso"),
    ("id_cliente;meses;plano;valor_mensal;desistência", "Sim", "Não"),
    ("Klantnummer;looptijd maanden;abonnement;maandbedrag;opgezegd", "Ja", "Nee")])
def test_who_has_left_is_known_in_the_words_of_many_languages(small, head, gone, stayed):
    rows_of(small, "snapshot.csv", head, lambda i: (
        f"K{i:03d};{i % 40 + 1};{('Base', 'Plus', 'Gold')[i % 3]};{20 + i % 7},90;{gone if i % 4 == 0 else stayed}"))
    who, tenure, plan, fee, left = head.split(";")
    made = drafted(small)["subscriptions"]["columns"]
    assert [made[name] for name in ("customer_id", "tenure_months", "plan", "monthly_fee")] == [
        f'"{name}"' for name in (who, tenure, plan, fee)]
    assert f'"{left}"' in made["has_ended"]


@pytest.mark.parametrize("head", [
    "Vertragsnummer;Kundennummer;Tarif;Beginn ab;Kündigung am;Vertragsende",
    "numero_contratto;codice_cliente;piano;data_inizio;data_disdetta;data_cessazione",
    "n_contrat;id_client;forfait;date_debut;date_preavis;date_fin"])
def test_the_day_of_notice_is_not_taken_for_the_end_that_follows_it(small, head):
    rows_of(small, "contracts.csv", head, lambda i: (
        f"V{i:03d};C{i % 50:03d};{'AB'[i % 2]};2023-0{i % 9 + 1}-01;"
        f"{f'2024-03-{i // 3 + 1:02d}' if i % 3 == 0 else ''};"
        f"{f'2024-06-{i // 3 + 1:02d}' if i % 3 == 0 and i % 2 else ''}"))
    *_, start, notice, end = head.split(";")
    made = drafted(small)["subscriptions"]["columns"]
    assert [made[name]["from"] for name in ("started_on", "notice_on", "ended_on")] == [
        f'"{name}"' for name in (start, notice, end)]
    text = infer_profile.draft_profile([small.folder / "contracts.csv"])
    told = next(line for line in text.splitlines() if line.startswith("notice_on"))
    assert told.endswith("when; 10 of the 20 given have no end: they run until one is told")


def test_campaigns_with_few_numbers_and_coupons_in_another_language_are_contacts_and_redemptions(small):
    rows_of(small, "campagnes.csv", "id_campagne;type;date_debut", lambda i: f"{i + 1};A;0{i + 1}/02/2025", 8)
    rows_of(small, "cibles.csv", "id_foyer;id_campagne", lambda i: f"{3000 + i % 60};{i % 8 + 1}", 90)
    rows_of(small, "utilisations.csv", "id_foyer;date_utilisation;code_bon;id_campagne", lambda i: (
        f"{3000 + i % 60};{i % 28 + 1:02d}/02/2025;{55000 + i % 40};{i % 8 + 1}"), 60)
    rows_of(small, "bons.csv", "code_bon;id_campagne", lambda i: f"{55000 + i};{i % 8 + 1}", 40)
    text = infer_profile.draft_profile(sorted(small.folder.iterdir()))
    made = small.delivery(**tomllib.loads(text, parse_float=Decimal))
    assert made.counts == {"contacts": 90, "events": 60}
    events = small.rows(made.tables["canonical/events"], "kind", "object_id", "campaign")
    assert events[0] == {"kind": "redemption", "object_id": "55000", "campaign": "1"}
    assert "# nothing is made from bons: an offer needs its cost when taken up, and no column tells it" in text


def test_coupons_with_a_cost_are_offers(small):
    rows_of(small, "coupons.csv", "coupon_code,campaign_id,face value", lambda i: (
        f"K{i:03d},{i % 8 + 1},{i % 5 + 1}.50"))
    rows_of(small, "redeemed.csv", "customer_id,coupon_code,day", lambda i: (
        f"c{i % 40},K{i:03d},2025-02-{i % 28 + 1:02d}"))
    made = drafted(small)["offers"]["columns"]
    assert (made["offer_id"], made["cost"]) == ('"coupon_code"', '"face value"')


@pytest.mark.parametrize("who", ["shopper", "whoever"])
def test_redemptions_are_of_the_campaign_that_their_coupon_was_issued_by(small, who):
    rows_of(small, "coupons.csv", f"coupon_code,campaign,{who},issued", lambda i: (
        f"K{i:03d},{('Spring', 'Summer')[i % 2]},S{i % 50},2025-01-{i % 28 + 1:02d}"))
    rows_of(small, "redemptions.csv", f"coupon_code,{who},redeemed_on", lambda i: (
        f"K{2 * i:03d},S{2 * i % 50},2025-02-{i % 28 + 1:02d}"), 30)
    made = small.delivery(**tomllib.loads(infer_profile.draft_profile(sorted(small.folder.iterdir()))))
    assert made.counts == {"events": 30, "contacts": 60}
    assert {(r["kind"], r["campaign"]) for r in small.rows(made.tables["canonical/events"])} == {
        ("redemption", "Spring")}
    assert {r["contact_id"][0] for r in small.rows(made.tables["canonical/contacts"])} == {"K"}


@pytest.mark.parametrize(("name", "meaning"), [("Document", "order_id"), ("Voucher", "order_id"),
                                               ("Product group", "category"), ("Produktgruppe", "category")])
def test_the_only_number_of_records_with_money_is_the_orders_and_a_group_of_products_is_none(small, name, meaning):
    rows_of(small, "sales.csv", f"{name},Account,Booked,Net sales", lambda i: (
        f"{f'RE-{30 + i}' if meaning == 'order_id' else 'XYZ'[i % 3]},4{i % 20:03d},2025-01-{i % 28 + 1:02d},{i}.5"))
    made = drafted(small)["transactions"]["columns"]
    assert made[meaning] == f'"{name}"'
    assert "product_id" not in made


def test_a_credit_of_a_bank_is_no_refund_where_amounts_have_signs(small):
    rows_of(small, "bank.csv", "Kundennummer;Buchungstag;Buchungstext;Betrag", lambda i: (
        f"60{i % 20:02d};{i % 28 + 1:02d}.01.2025;" + ("RÜCKLASTSCHRIFT;-1.050,20" if i % 9 == 0 else
                                                       ("GUTSCHRIFT;1.200,00" if i % 2 else "LASTSCHRIFT;900,50"))))
    made = small.delivery(**tomllib.loads(infer_profile.draft_profile(sorted(small.folder.iterdir()))))
    kinds = {(r["kind"], r["amount"] < 0) for r in small.rows(made.tables["canonical/transactions"])}
    assert kinds == {("refund", True), ("sale", False)}


def test_plans_with_a_start_and_for_some_an_end_are_contracts_at_the_fee_of_a_month(small):
    rows_of(small, "subscriptions.csv", "id,Customer ID,Plan,Interval,Amount,Currency,Status,Created,Start,Ended At",
            lambda i: f"sub_{i},cus_{i % 50},{('basic', 'pro')[i % 2]},{('month', 'year')[i % 3 == 0]},"
                      f"{('9.00', '120.00')[i % 3 == 0]},usd,{('active', 'canceled')[i % 4 == 0]},"
                      f"2025-01-{i % 28 + 1:02d},2025-01-{i % 28 + 1:02d},"
                      + (f"2025-03-{i % 28 + 1:02d}" if i % 4 == 0 else ""))
    text = infer_profile.draft_profile(sorted(small.folder.iterdir()))
    made = small.delivery(**tomllib.loads(text, parse_float=Decimal), as_of="2025-04-30")
    assert made.profile.currency == "USD"
    found = small.rows(made.tables["canonical/subscriptions"])
    assert (len(found), sum(r["has_ended"] for r in found), {r["monthly_fee"] for r in found}) == (
        60, 15, {Decimal(9), Decimal(10)})


def test_amounts_in_cents_are_a_hundredth_and_a_uuid_names_the_order(small):
    rows_of(small, "payments.csv", "uuid,userId,createdAt,amountCents", lambda i: (
        f"{i:06x}f,{i % 20},2025-01-{i % 28 + 1:02d},{1999 + i % 7}"))
    made = drafted(small)["transactions"]["columns"]
    assert (made["order_id"], made["amount"]) == ('"uuid"', '"amountCents" / 100')


def test_tickets_are_cases_of_those_who_asked_whatever_their_id_is_called(small):
    rows_of(small, "tickets.csv", "Id,Requester name,Requester id,Status,Created at,Solved at", lambda i: (
        f"{3000 + i},Ann Berg,{880 + i % 25},Solved,2025-01-{i % 28 + 1:02d},2025-02-{i % 28 + 1:02d}"))
    made = drafted(small)["cases"]["columns"]
    assert (made["case_id"], made["customer_id"]) == ('"Id"', '"Requester id"')


def test_a_spanish_pipeline_has_an_account_and_both_its_days(small):
    head = "Oportunidad;Cuenta;Etapa;Importe;Fecha de creación;Fecha de cierre"
    rows_of(small, "oportunidades.csv", head, lambda i: (
        f"O{i};Acme {i % 20};{('Ganada', 'Perdida', 'Propuesta')[i % 3]};{i},50;{i % 28 + 1:02d}/01/2025;"
        f"{i % 28 + 1:02d}/03/2025"))
    made = drafted(small)["opportunities"]["columns"]
    assert (made["account_id"], made["opened_on"]["from"], made["closed_on"]["from"]) == (
        '"Cuenta"', '"Fecha de creación"', '"Fecha de cierre"')


def test_a_second_number_of_the_product_is_no_customer_and_one_of_the_order_no_partner(small):
    rows_of(small, "orders.txt", "amazon-order-id,merchant-order-id,purchase-date,sku,asin,item-price", lambda i: (
        f"302-{i},m{i},2025-01-{i % 28 + 1:02d},SKU-{i % 30},B0{i % 30:08d},{i}.50"))
    made = drafted(small)["transactions"]["columns"]
    assert made["product_id"] == '"sku"'
    assert {"customer_id", "partner_id"}.isdisjoint(made)


def test_what_remains_of_gross_sales_is_the_amount_and_a_discount_below_zero_is_one(small):
    rows_of(small, "items.csv", "Transaction ID,Customer ID,Date,Gross Sales,Discounts,Net Sales,Tax", lambda i: (
        f"T{i // 2},C{i % 30},2025-01-{i % 28 + 1:02d},${i}.50,($1.{i % 9}0),${i + 1}.40,$0.30"))
    text = infer_profile.draft_profile(sorted(small.folder.iterdir()))
    rows = small.rows(small.delivery(**tomllib.loads(text, parse_float=Decimal)).tables["canonical/transactions"])
    told = {(float(r["amount"]), float(r["discount"])) for r in rows}
    assert {(1.4, 1.0), (9.4, 1.8)} <= told
