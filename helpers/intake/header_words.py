"""Words of column names by what they mean, in several languages: beginnings or parts, without accents.

Names are compared by `plain`, so that *antigüedad* and *antiguedad*, *quantité* and *quantite* are the same word.
"""

import unicodedata
from collections.abc import Mapping


def plain(text: str) -> str:
    """Return a text in lower case without accents.

    Examples
    --------
    >>> plain("Número"), plain("Kündigung"), plain("고객번호")
    ('numero', 'kundigung', '고객번호')
    """
    parted = unicodedata.normalize("NFKD", text.lower())
    return unicodedata.normalize("NFC", "".join(c for c in parted if unicodedata.category(c) != "Mn"))


def _pattern(words: Mapping[str, str]) -> str:
    """Return the regular expression of words by language."""
    return plain(f"({'|'.join(words.values())})")


KEY_IN_FRONT = (r"(id|uid|code|cod|codigo|codice|clave|chiave|cle|ref|identifiant|identificador|identificativo|"
                r"(n|no|nr|numero)(?! (of|d[aeio]s?|de[lr]) )) .+")  # as in Romance languages; no count of something

COUPON = r"(coupon|voucher|offer|gutschein|bons?$|cupon|cupom|vale$|buono|oferta|offre|angebot)"

PEOPLE = {
    "en": "customer|client|shopper|cust|user|member|loyalty|buyer|player|guest|household|person|account|"
          "subscriber|requester|passenger|patient|company|visitor",
    "de": "kunde|kund|kde|kd|konto|kaeufer|käufer|besteller|firma|mitglied",
    "fr": "acheteur|foyer|abonné(?!ment)|adhérent|utilisateur|membre|entreprise|société",
    "es": "cliente|cuenta|socio(?!econ|dem)|abonad|usuari|hogar|miembro|empresa",
    "it": "abbonat|utente|azienda|acquirente", "pt": "assinante|utilizador|comprador",
    "nl": "klant|gebruiker|huishouden|lidn|bedrijf", "others": "asiakas|klient|müşteri|клиент|客户|会员|顧客|고객|회원"}

WORDS = {  # in the order in which they are looked for
    "opportunity_id": {
        "en": "opportunity|oppty|opp|deal|lead|quote|chance", "de": "angebot", "fr": "opportunité|devis",
        "es": "oportunidad", "it": "opportunità|trattativa", "pt": "oportunidade", "nl": "offerte"},
    "case_id": {
        "en": "case|ticket|complaint|incident|claim", "de": "fall|beschwerde|reklamation", "fr": "réclamation",
        "es": "reclamacion|reclamo|queja", "it": "reclamo|segnalazion", "pt": "reclamac|chamado", "nl": "klacht"},
    "order_id": {
        "en": "order|invoice|transaction|receipt|basket|purchase|sale|document", "de": "auftrag|beleg|rechnung|bon",
        "fr": "ordre|commande|facture", "es": "pedido|factura|venta", "it": "ordine|fattura|scontrino|vendita",
        "pt": "encomenda|fatura|venda", "nl": "bestel(?!ler)(lung|ling|l)?|factuur",
        "others": "bestilling|beställning|tilaus|zamówieni|sipariş|faktura|заказ|订单|注文|주문"},
    "customer_id": PEOPLE,
    "refunded": {
        "en": "(amount|total|betrag|montant|summe)?_?(refunded|refund(amount|total))", "de": "erstattet|erstattung",
        "fr": "rembours", "es": "reembols|devuelto", "it": "rimbors", "nl": "terugbetaald"},
    "product_id": {
        "en": "sku|product|article|stockcode|item|ean|asin", "de": "artikel|produkt", "fr": "produit",
        "es": "producto|articulo", "it": "prodotto|articolo", "pt": "produto|artigo", "others": "товар|商品|상품"},
    "partner_id": {"en": "seller|vendor|merchant|partner|reseller", "de": "händler|haendler",
                   "fr": "vendeur", "es": "vendedor"},
    "amount": {
        "en": "amount|total|sum$|revenue|sales|turnover|paid|payment|spend|value|net|gross|worth",
        "de": "betrag|umsatz|summe|brutto|netto", "fr": "montant|ventes|chiffred?affaires",
        "es": "importe|monto|ventas|facturado|facturacion", "it": "importo|fatturato|vendite",
        "pt": "valor|vendas|quantia",
        "nl": "bedrag|omzet", "others": "belopp|beløp|beloeb|kwota|wartość|tutar|сумма|金额|金額|금액"},
    "quantity": {
        "en": "qty|quantity|numberof|noof|units|pieces|pcs", "de": "menge|anzahl|stueck|stück|stk",
        "fr": "quantité|nombrede", "es": "cantidad|unidades", "it": "quantità|pezzi", "pt": "quantidade|qtde?",
        "nl": "aantal|stuks|hoeveelheid", "others": "antal|ilość|adet|miktar|количество|数量|수량"},
    "price": {"en": "unitprice|price|each$", "de": "preis|einzelpreis", "fr": "prix", "es": "precio", "it": "prezzo",
              "pt": "preço", "nl": "prijs", "others": "^cena|fiyat|цена|单价|単価|단가"},
    "category": {"en": "category|group|department|series", "de": "kategorie|(waren|produkt|artikel)gruppe",
                 "fr": "catégorie|rayon", "es": "categoria"},
    "discount": {"en": "discount|rebate", "de": "rabatt", "fr": "remise", "es": "descuento", "it": "sconto",
                 "pt": "desconto", "nl": "korting"},
    "channel": {"en": "channel|store|shop|source", "de": "kanal|filiale", "fr": "canal|magasin|boutique",
                "es": "tienda|sucursal", "it": "negozio", "pt": "loja", "nl": "winkel"},
    "state": {"en": "(order)?(state|status|etat|estado|zustand|stato|statut|situacao)"},
    "sort": {"en": "kind|type|sort", "de": "typ|art|vorgang", "es": "tipo", "nl": "soort"},
    "has_ended": {
        "en": "churn|exited|attrit|cancelled|canceled|left|ended", "de": "kuendig|gekündigt|abgewander",
        "fr": "résilié|desabonn|parti$", "es": "(?<!tra)baja|cancelad|abandon", "it": "disdett|cessat|abbandon|recess",
        "pt": "evasao|desist|rescis|saiu", "nl": "opgezegd|vertrokken|beeindigd", "others": "流失|解約|이탈|해지"},
    "tenure_months": {"en": "tenure|monthson|months", "de": "laufzeit|monate", "fr": "ancienneté|mois",
                      "es": "antigüedad|permanencia|meses", "it": "anzianità|^mesi|mesi$",
                      "pt": "antiguidade|tempode(casa|cliente)", "nl": "maanden|looptijd"},
    "monthly_fee": {"en": "monthly|mrr$|arpu$|fee", "de": "monatl|grundgebühr|abo", "fr": "mensu", "es": "cuota",
                    "it": "canone|mensil", "pt": "mensal", "nl": "maandelijks|maandbedrag"},
    "plan": {"en": "plan|tariff|contract|subscription", "de": "tarif|vertrag", "fr": "contrat|forfait|formule|offre$",
             "es": "suscripcion", "it": "piano|abbonamento", "pt": "plano|assinatura", "nl": "tarief|abonnement"},
    "stage": {"en": "(deal)?(stage|phase|pipeline)", "fr": "étape", "es": "etapa", "it": "fase|stadio",
              "pt": "estagio"},
    "campaign": {"en": "campaign|mailing", "de": "kampagne", "fr": "campagne", "es": "campaña", "it": "campagna",
                 "pt": "campanha", "others": "kampanj|kampania|キャンペーン|캠페인"},
    "owner": {"en": "owner|agent|reps?$|representative|salesperson", "de": "verkäufer|vertreter|betreuer",
              "fr": "vendeur|responsable", "es": "comercial$|propietari", "it": "venditore", "nl": "verkoper|eigenaar"},
    "ordered_at": {
        "en": "order|purchase|placed|invoice|sold|sale|booked|transaction|date|day|time|when|created|timestamp|paid",
        "de": "bestell|rechnung|kauf|datum|tag", "fr": "commande|achat|vente|horodat",
        "es": "pedido|compra|venta|fecha",
        "it": "acquisto|ordine|vendita|data", "pt": "encomenda|venda", "nl": "aankoop|besteld|tijd",
        "others": "dato|päivä|tarih|дата|日期|日付|날짜|주문일|beställ|zamów|sipariş"},
    "promised_on": {"en": "promis|estimat|due|expected", "de": "zugesagt|liefertermin", "fr": "prévu",
                    "es": "previst|prometid", "nl": "verwacht|beloofd"},
    "delivered_on": {"en": "delivered|delivery|received", "de": "zugestellt|geliefert", "fr": "livr", "es": "entreg",
                     "it": "consegn", "nl": "geleverd|bezorgd"},
    "joined_on": {
        "en": "join|since|regist|sign|enrol|member|creat|start|first|acquired|date", "de": "seit|beitritt|datum|kunde",
        "fr": "inscri|adhésion|depuis", "es": "alta|desde|fecha", "it": "iscri|data", "pt": "cadastr", "nl": "sinds"},
    "started_on": {
        "en": "start|begin|since|from|activ|sign|join|date", "de": "seit|ab|datum", "fr": "début|depuis",
        "es": "inicio|alta|desde|fecha", "it": "inizi|decorren|attivaz|data", "nl": "ingang|vanaf|sinds"},
    "ended_on": {
        "en": "end|cancel|terminat|churn|left|clos|until|expir", "de": "kündig|kuendig", "fr": "fin|résili",
        "es": "(?<!tra)baja|vencim", "it": "cessaz|scaden|disdett|recess", "pt": "encerr|rescis", "nl": "einde|opzeg"},
    "opened_on": {
        "en": "open|engage|creat|start|begin|date|received|report", "de": "erstellt|eröffn|datum|eingang",
        "fr": "ouvert", "es": "abiert|apertur|fecha", "it": "apert|data", "pt": "abert", "nl": "geopend|aangemaakt"},
    "closed_on": {
        "en": "clos|won|decided|end|resolv|solved", "de": "abschluss|erledigt|geschlossen", "fr": "ferm|clôtur",
        "es": "cierre|cerrad", "it": "chius", "pt": "fechad[oa]|fechamento|encerr", "nl": "gesloten"},
    "answered_at": {
        "en": "answer|respon|submit|review|complet|date|time|when|creat|rated", "de": "datum|zeitstempel|ausgefüllt",
        "fr": "horodat|réponse", "es": "marcatempor|respuesta|fecha", "it": "cronologic|risposta|data",
        "pt": "carimbo|resposta", "nl": "tijdstempel", "others": "タイムスタンプ|时间戳|타임스탬프"},
}

MEANINGS = {meaning: _pattern(words) for meaning, words in WORDS.items()}

AVOIDED = {meaning: plain(words) for meaning, words in {
    "amount": r"(tax|vat|mwst|^tva|tva$|^iva|iva$|^btw|btw$|ship|freight|fracht|versand|(?<!im)porto|postage|frete|"
              r"spedizion|mensu|mensal|mensil|maand|anciennet|fee|discount|rabatt|descuento|desconto|sconto|korting|remise|unit|einzel|points|punkte|weight|count|"
              r"cost|average|avg|year|number|items|refund|flights|visits|calls|minutes|hours|nights|clicks|sessions|logins|"
              r"distance|recipients|opens|bounces|deliver|impressions|salesprice|listprice|sequen|instal|method|type)",
    "quantity": r"(price|preis|prix|precio|prezzo|stock|days)",
    "price": r"(total|list|cost|month|monat|mensu|mensal|mensil)",
    "ordered_at": r"(ship|deliver|due|birth|geburt|naiss|nacim|nascit|(?<!sign)updat|modif|approv|estimat|liefer|"
                  r"return|expire|limit|promis|change|livrais|entreg|consegn)",
    "joined_on": r"(birth|geburt|naiss|nacim|nascit|dob|last|letzt|(?<!sign)updat|end|cancel|modif|change|order|"
                 r"purchase|(?<!tra)baja|^fin|cessaz)",
    "started_on": r"(birth|geburt|naiss|nacim|nascit|end|last|cancel|(?<!sign)updat|(?<!tra)baja|cessaz|disdett|"
                  r"scaden|resili|kundig|kuendig|opzeg)",
    "opened_on": r"(clos|end|birth|(?<!sign)updat|cierre|chius)",
    "delivered_on": r"(carrier|estimat|due|promis|method|mode|prevu|previst)",
    "tenure_months": r"(charge|fee|amount|inactiv|cargo|cuota|canone)",
    "monthly_fee": r"(gb|distance|download|usage|date)",
    "product_id": r"(price|count|qty|quantity|name|rating|group|gruppe|categor|kategor|famil|line$)",
    "sort": r"(contract|contrat|vertrag|plan|abonn|abbon)", "category": r"(churn|age)",
    "channel": r"(shopper|shopping)",
}.items()}

PREFERRED = {"amount": r"\bnett?o?\b",  # which is what remains of a gross one
             "answered_at": r"answer|respon|submit|complet|record|^end|finish"}  # rather than when one was asked

NOTICE = plain(r"notice|kündig|kuendig|disdett|préavis|preaviso|preavviso|opzeg")  # comes before the end
