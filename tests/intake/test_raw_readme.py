import re
import tomllib
from decimal import Decimal
from pathlib import Path

from helpers.foundation.folders import CHECKOUT_FOLDER


def test_the_shortest_profile_of_the_readme_works(small):
    page = Path(CHECKOUT_FOLDER / "data" / "raw" / "README.md").read_text(encoding="utf-8")
    text = re.search(r"```toml\n(.*?)```", page, re.DOTALL).group(1).replace("1234567.89", "15.5")
    told = tomllib.loads(text, parse_float=Decimal)
    small.file("orders/a.csv", "Order no;Customer;Date;Quantity;Price\n1;Müller;1.2.2025;2;10,25\n2;TEST;1.2.2025;1;1\n"
                               "3;Müller;2.2.2025;-1;5\n".encode("cp1252"))
    delivery = small.delivery(**told)
    assert [c.is_met for c in delivery.controls] == [True]
    assert small.rejected(delivery) == [("orders/a.csv", 2, "test order")]
    assert delivery.as_of_on.isoformat() == "2025-02-02"
