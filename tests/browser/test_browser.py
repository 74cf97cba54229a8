import pytest

pytestmark = pytest.mark.browser

SERIOUS = {"serious", "critical"}
OVERFLOW = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
UNFOLD = "() => document.querySelectorAll('details').forEach(part => { part.open = true })"
UNREACHED = """() => [...document.querySelectorAll('*')].filter(part =>
    part.scrollWidth > part.clientWidth + 1 && ['auto', 'scroll'].includes(getComputedStyle(part).overflowX)
    && part.tabIndex < 0 && !part.querySelector('a')).map(part => part.outerHTML.slice(0, 80))"""
SMALL = """() => [...document.querySelectorAll('svg.plot text')].filter(text => text.getClientRects().length
    && text.getBoundingClientRect().height < 9).map(text => text.textContent)"""
WORDS = """() => { const copy = document.querySelector('.briefing').cloneNode(true);
    copy.querySelectorAll('svg').forEach(drawing => drawing.remove());
    const nodes = document.createTreeWalker(copy, NodeFilter.SHOW_TEXT), words = [];
    while (nodes.nextNode()) words.push(...nodes.currentNode.textContent.split(/\\s+/));
    return words }"""
CUT = """() => [...document.querySelectorAll('svg.plot')].filter(svg => svg.getClientRects().length).flatMap(svg => {
    const frame = svg.getBoundingClientRect();
    return [...svg.querySelectorAll('text')].filter(text => {
        const box = text.getBoundingClientRect();
        return box.left < frame.left - 1 || box.right > frame.right + 1 }).map(text => text.textContent) })"""


def failures(pages, check):
    """Return what a check finds, by page; pages without a finding are left out."""
    found = {name: check(window, asked) for name, window, asked in pages}
    assert found, "there is no page to look at"
    return {name: problems for name, problems in found.items() if problems}


def test_a_page_asks_for_nothing_but_itself(opened):
    def check(window, asked):
        return [url for url in asked if url != window.url and not url.startswith("data:")]

    assert not failures(opened(), check)


def test_a_page_never_scrolls_sideways(opened):
    def overflow(window, width):
        window.set_viewport_size({"width": width, "height": 844})
        return window.evaluate(OVERFLOW)

    def check(window, _):
        window.evaluate(UNFOLD)
        return {width: by for width in (360, 390, 768, 1440) if (by := overflow(window, width))}

    assert not failures(opened(), check)


def test_what_scrolls_inside_a_page_can_be_reached_by_keyboard(opened):
    def check(window, _):
        window.evaluate(UNFOLD)
        return window.evaluate(UNREACHED)

    assert not failures(opened(390, 844), check)


@pytest.mark.parametrize("width", [390, 1440])
def test_labels_in_figures_are_legible_and_not_cut_off(opened, width):
    def check(window, _):
        return [f"small: {text}" for text in window.evaluate(SMALL)] + [f"cut: {text}" for text in window.evaluate(CUT)]

    assert not failures(opened(width, 844), check)


@pytest.mark.parametrize("width", [390, 1440])
def test_everybody_can_read_a_page(opened, width):
    from axe_playwright_python.sync_playwright import Axe

    def check(window, _):
        window.evaluate(UNFOLD)
        found = Axe().run(window).response["violations"]
        return [f"{v['id']}: {v['nodes'][0]['html'][:120]}" for v in found if v["impact"] in SERIOUS]

    assert not failures(opened(width, 844), check)


def test_a_page_is_read_without_scripts(browser, shelf):
    context = browser.new_context(java_script_enabled=False)
    for path in sorted(shelf.glob("**/*.html")):
        window = context.new_page()
        window.goto(path.as_uri())
        assert window.locator("h1").count() == 1, path.name
        assert window.locator("h1").is_visible(), path.name
        window.close()
    context.close()


def test_no_script_runs_but_the_pages_own_even_where_data_try(opened):
    def check(window, _):
        return window.evaluate("() => document.scripts.length - 1")

    assert not failures(opened(), check)


def test_the_leadership_page_fits_one_screen_and_one_sheet(opened):
    def check(window, _):
        if not window.locator("body.leadership").count():
            return []
        first = window.locator(".briefing").bounding_box()
        below = first["y"] + first["height"] > 900
        window.emulate_media(media="print")
        window.set_viewport_size({"width": 688, "height": 1017})  # A4 less its margins
        first = window.locator(".briefing").bounding_box()
        return ["below the first screen"] * below + ["longer than a sheet"] * (first["y"] + first["height"] > 1017)

    assert not failures(opened(), check)


def test_the_first_screen_is_read_in_at_most_170_words_and_holds_nothing_of_what_stands_below(opened):
    def check(window, _):
        if not window.locator("body.leadership").count():
            return []
        words = [word for word in window.evaluate(WORDS) if any(map(str.isalnum, word))]
        below = window.locator(".below").bounding_box()["y"]
        return [f"{len(words)} words"] * (len(words) > 170) + [f"the next begins at {below}"] * (below < 900)

    assert not failures(opened(), check)


@pytest.mark.parametrize("width", [390, 1440])
def test_each_figure_is_shown_once(opened, width):
    def check(window, _):
        shown = window.evaluate("""() => [...document.querySelectorAll('figure.figure')].map(figure =>
            [...figure.querySelectorAll('.plot')].filter(plot => plot.getClientRects().length).length)""")
        return [n for n in shown if n != 1] if not window.locator("details figure.figure").count() else []

    assert not failures(opened(width, 844), check)
