import re

import pandas as pd

from helpers.reporting import perceptual_map_plot


def points(n):
    names = ["us", "Nordhaus", "A very long name of an attribute that is cut", "friendly", "cheap & <b>"][:n]
    return pd.DataFrame({"label": names, "kind": ["brand", "brand", "attribute", "attribute", "attribute"][:n],
                         "x": [0.0, 0.3, -0.2, 0.0, 0.01][:n], "y": [0.0, 0.1, 0.4, 0.001, 0.0][:n], "xx": 0.01,
                         "xy": 0.002, "yy": 0.02})


def test_a_map_has_its_finding_as_title_and_alt_text_and_escapes_names():
    found = perceptual_map_plot.plot_perceptual_map(
        points(5), "Customers see Nordhaus nearest to us", ("axis 1", "axis 2")
    )
    assert found.html.count('aria-label="Customers see Nordhaus nearest to us"') == 3
    assert "<b>" not in found.html
    assert "Nordhaus" in found.html
    assert found.html.count("<svg") == 2


def test_every_point_carries_its_name_at_both_widths():
    found = perceptual_map_plot.plot_perceptual_map(points(5), "t", ("axis 1", "axis 2"))
    drawn = re.findall(r"<text[^>]*>([^<]*)</text>", found.html)
    for name in ("us", "Nordhaus", "A very", "friendly", "cheap &amp;"):
        assert sum(text.startswith(name) for text in drawn) == 2, name


def test_without_points_the_map_says_what_is_missing():
    found = perceptual_map_plot.plot_perceptual_map(points(0), "t", ("", ""))
    assert "three brands and three attributes" in found.text
    assert "<svg" not in found.html
