import pandas as pd

from helpers.foundation.engine import Engine


def counted(table):
    return table.group_by("who").aggregate(n=table.count())


def test_the_same_of_the_same_table_is_computed_once_and_of_another_anew():
    engine = Engine()
    bought = engine.kept(engine.lazy(pd.DataFrame({"who": ["a", "a", "b"]})))
    other = engine.kept(engine.lazy(pd.DataFrame({"who": ["c"]})))
    one, again, apart = (engine.once(counted, t) for t in (bought, bought, other))
    assert one is again
    assert apart is not one
    assert engine.first_row(one.order_by("who")) == {"who": "a", "n": 2}
    assert engine.first_row(apart) == {"who": "c", "n": 1}


def test_sessions_share_nothing():
    one, other = Engine(), Engine()
    frame = pd.DataFrame({"who": ["a"]})
    assert one.once(counted, one.lazy(frame)) is not other.once(counted, other.lazy(frame))
