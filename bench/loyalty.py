"""The whole loyalty notebook at size: ``python bench/loyalty.py 1000000 --surveyed 100000``.

A company is drawn in the engine — orders, points with lots, tiers, contacts, visits, a survey of some — and notebook 03
is run on it in a kernel of its own, with two threads. Printed are the seconds of every cell, their sum, and the peak of
memory of the kernel.
"""

import argparse
import os
import resource
import tempfile
import time
from datetime import datetime
from pathlib import Path

SOURCE, AS_OF = "bench_loyalty", "2025-12-31"
SECONDS, MIB = 90, 4096
ITEMS = (("satisfied", "satisfaction"), ("met", "satisfaction"), ("intend", "intention"), ("recommend", "recommend"),
         ("trusts", "trust"), ("good", "performance"), ("worth", "value"), ("others", "alternatives"),
         ("trouble", "switching_cost"), ("price", "price_tolerance"))


def chance(*parts):
    """Return SQL for a number in [0, 1) that depends on the given columns only."""
    return f"((hash(concat_ws('/', {', '.join(map(str, parts))})) % 1000003) / 1000003.0)"


def tables(n, surveyed):
    """Return SQL of every canonical table by name."""
    who, by_order, days = "printf('C%08d', i)", "hash(i * 7 + k) % 40", "to_days(cast({} as integer))"
    spread = f"cast(greatest({chance('i', 1)}, {chance('i', 'k')}) * 913 as integer)"
    often = f"range(1, 2 + cast(-5 * ln(1 - {chance('i', 2)}) as integer))"
    orders = (f"select i, k, {who} as customer_id, date '2023-07-01' + {spread} as on_day "
              f"from (select i, unnest({often}) as k from range({n}) r(i))")
    lots = f"select *, printf('L%08d-%d', i, k) as lot_id from ({orders}) where {chance('i', 3)} < 0.6"
    return {
        "customers": f"select {who} as customer_id, date '2023-07-01' as joined_on, case when {chance('i', 6)} < 0.5 "
                     f"then 'search' else 'friends' end as acquired_channel from range({n}) r(i)",
        "transactions": "select printf('O%08d-%d', i, k) as order_id, 1 as line, customer_id, "
                        f"cast(on_day as timestamp) as ordered_at, 'sale' as kind, 10 + 5 * ({by_order}) as amount, "
                        f"1.0 as quantity, 6 + 3 * ({by_order}) as unit_cost, 11 + 5 * ({by_order}) as list_price, "
                        f"{chance('i', 'k', 7)} < 0.2 as is_promotion, printf('P%03d', {by_order}) as product_id, "
                        f"on_day + 3 as promised_on, on_day + 1 + cast(4 * {chance('i', 'k', 8)} as integer) "
                        f"as delivered_on from ({orders})",
        "points": f"with lots as ({lots}) {entries()}",
        "memberships": f"select {who} as customer_id, case when {chance('i', 10)} < 0.7 then 'basic' else 'gold' end "
                       f"as tier, date '2024-01-01' as valid_from from range({n}) r(i) where {chance('i', 3)} < 0.6",
        "contacts": f"select printf('K%08d', i) as contact_id, {who} as customer_id, timestamp '2025-06-01' + "
                    f"{days.format('200 * ' + chance('i', 11))} as sent_at from range({n}) r(i)",
        "events": f"select {who} as customer_id, timestamp '2025-01-01' + {days.format('360 * ' + chance('i', 12))} "
                  f"as occurred_at, 'visit' as kind from range({n}) r(i)",
        "items": " union all ".join(
            f"select '{name}' as item, '{role}' as role, '{role}' as construct, 1.0 as scale_low, 10.0 as scale_high, "
            "false as is_reversed" for name, role in ITEMS),
        "responses": " union all ".join(answers(name, surveyed) for name, _ in ITEMS),
        "respondents": "select printf('R%08d', i) as response_id, "
                       f"printf('C%08d', i * {n // surveyed}) as customer_id, timestamp '2024-06-01' + "
                       f"{days.format('300 * ' + chance('i', 13))} as responded_at from range({surveyed}) r(i)",
    }


def answers(item, surveyed):
    """Return SQL of the answers to one question: what a person feels, and what the question adds."""
    felt = f"0.6 * {chance('i', 9)} + 0.4 * {chance('i', repr(item))}"
    return (f"select printf('R%08d', i) as response_id, '{item}' as item, "
            f"cast(1 + floor(10 * least({felt}, 0.999)) as double) as score from range({surveyed}) r(i)")


def entries():
    """Return SQL of the ledger's entries: every lot is earned, and redeemed or expired where its day has come."""
    fate, age, last = chance("i", "k", 4), f"cast(10 + 300 * {chance('i', 'k', 5)} as integer)", f"date '{AS_OF}'"
    entry = ("select customer_id, cast({} as timestamp) as entered_at, '{}' as kind, {} as points, lot_id, "
             "cast(on_day + 365 as timestamp) as expires_at, 0.01 as unit_cost from lots where {}")
    return " union all ".join((
        entry.format("on_day", "earn", "50.0", "true"),
        entry.format(f"on_day + {age}", "redeem", "-50.0", f"{fate} < 0.65 and on_day + {age} <= {last}"),
        entry.format("on_day + 365", "expire", "-50.0", f"{fate} >= 0.65 and on_day + 365 <= {last}")))


def build(n, surveyed):
    """Write the company where a notebook opened by hand looks for it; return seconds."""
    from helpers.foundation.atomic_files import write_json
    from helpers.pipeline import registry

    start = time.perf_counter()
    profile = Path(os.environ["LOYALTY_HOME"]) / "data" / "sources" / f"{SOURCE}.toml"
    profile.parent.mkdir(parents=True)
    profile.write_text(f'name = "{SOURCE}"\n')
    workspace = registry.open_workspace(SOURCE)
    for name, query in tables(n, surveyed).items():
        print("  " + workspace.write(f"canonical/{name}", workspace.engine.sql(query)), flush=True)
    write_json(workspace.folder / "manifest.json", {"state": "scratch", "base": "", "as_of": AS_OF})
    return time.perf_counter() - start


def run():
    """Run the notebook; return seconds by cell and the kernel's peak of memory [MiB]."""
    import nbformat
    from nbclient import NotebookClient

    from helpers.pipeline.docs import NOTEBOOKS

    notebook = nbformat.read(NOTEBOOKS / "03_loyalty_modelling.ipynb", as_version=4)
    for cell in notebook.cells:
        if "parameters" in cell.metadata.get("tags", []):
            cell.source = cell.source.replace('"simulated"', f'"{SOURCE}"')
    NotebookClient(notebook, timeout=900, kernel_name="python3", record_timing=True,
                   resources={"metadata": {"path": str(NOTEBOOKS)}}).execute()
    return ({c.id: seconds(c) for c in notebook.cells if c.cell_type == "code"},
            resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)


def seconds(cell):
    times = cell.metadata["execution"]
    begin, end = (datetime.fromisoformat(times[k]) for k in ("iopub.execute_input", "shell.execute_reply"))
    return (end - begin).total_seconds()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("customers", type=int, nargs="?", default=1_000_000)
    parser.add_argument("--surveyed", type=int, default=100_000)
    given = parser.parse_args()
    os.environ |= {"LOYALTY_THREADS": "2", "LOYALTY_MEMORY_MIB": "2048"}
    with tempfile.TemporaryDirectory() as home:
        os.environ["LOYALTY_HOME"] = str(Path(home))
        print(f"company drawn in {build(given.customers, given.surveyed):.0f} s", flush=True)
        cells, peak = run()
    for name, took in sorted(cells.items(), key=lambda pair: -pair[1])[:12]:
        print(f"{name:<20}{took:>8.1f} s")
    total = sum(cells.values())
    print(f"{'work':<28}{'customers':>12}{'surveyed':>10}{'s':>8}{'target':>8}{'peak MiB':>10}{'target':>8}")
    verdict = "met" if total <= SECONDS and peak <= MIB else "NOT MET"
    print(f"{'notebook 03, every cell':<28}{given.customers:>12,}{given.surveyed:>10,}{total:>8.1f}{SECONDS:>8}"
          f"{peak:>10.0f}{MIB:>8}   {verdict}")


if __name__ == "__main__":
    main()
