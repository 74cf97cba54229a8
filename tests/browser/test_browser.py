import pytest
from axe_playwright_python.sync_playwright import Axe

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


# axe looks at every part of a page, some of it once for each part that it is told to leave out: drawings in which
# nothing has a role, and texts that look like one before them, are emptied instead.
PLAIN = """() => document.querySelectorAll('svg.plot').forEach(svg => {
    const names = [...svg.querySelectorAll('*')].flatMap(part => [part.localName, ...part.getAttributeNames()]);
    if (!names.some(name => /^(a|title|desc|foreignObject|role|tabindex|lang|on.*|aria-.*)$/.test(name)))
        svg.replaceChildren() })"""
LOOK = """const known_behind = new Map();
    const behind = box => {
        if (!box) return '';
        if (!known_behind.has(box)) {
            const style = getComputedStyle(box), own = [style.backgroundColor, style.backgroundImage, style.opacity];
            known_behind.set(box, `${own} ${behind(box.parentElement)}`) }
        return known_behind.get(box) };
    const look = part => {
        const own = getComputedStyle(part);
        return [own.color, own.fontSize, own.fontWeight, own.textShadow, behind(part)].join() }"""
# A row of the parts, attributes and looks of one above it in its table is no other to axe. A text of one letter is
# another than a longer one: axe cannot tell its contrast.
TWINS = "() => {" + LOOK + """; document.querySelectorAll('table').forEach(table => { const known = new Set();
    table.querySelectorAll('tr').forEach(row => {
        const parts = row.outerHTML.replace(/>([^<]*)</g, (_, text) => `>${Math.min(text.trim().length, 2)}<`);
        const seen = [parts, ...[...row.cells].map(look)].join();
        if (known.has(seen)) row.remove(); else known.add(seen) }) }) }"""
# Texts of one colour, size and weight before one background have one contrast. Of one letter, and of what a drawing
# holds, axe cannot tell it.
ALIKE = "() => {" + LOOK + """; const known = new Set();
    document.querySelectorAll('td, th, button, p, li, dt, dd, span, a, summary, figcaption, strong').forEach(part => {
        if (part.childElementCount || part.textContent.trim().length < 2) return;
        const seen = look(part);
        if (known.has(seen)) part.textContent = ''; else known.add(seen) }) }"""
CONTRAST = "color-contrast"

PHONE, DESK = (390, 844), (1440, 900)


def barriers(window):
    """Return what axe finds serious: contrast once for each look of a text, every other rule everywhere.

    The window is of no more use then: rows like others are gone, plain drawings and texts that look alike are empty.
    """
    told = {"resultTypes": ["violations"]}
    window.evaluate(PLAIN)
    window.evaluate(TWINS)
    found = Axe().run(window, options={**told, "rules": {CONTRAST: {"enabled": False}}}).response["violations"]
    window.evaluate(ALIKE)
    found += Axe().run(window, context={"exclude": [["svg.plot"]]},
                       options={**told, "runOnly": [CONTRAST]}).response["violations"]
    return [f"{v['id']}: {v['nodes'][0]['html'][:120]}" for v in found if v["impact"] in SERIOUS]


def leadership_problems(window):
    """Return how many words the first screen of the leadership page has if too many, and what else does not fit it."""
    if not window.locator("body.leadership").count():
        return {"words": [], "fit": []}
    words = [word for word in window.evaluate(WORDS) if any(map(str.isalnum, word))]
    first, below = window.locator(".briefing").bounding_box(), window.locator(".below").bounding_box()["y"]
    window.emulate_media(media="print")
    window.set_viewport_size({"width": 688, "height": 1017})  # A4 less its margins
    sheet = window.locator(".briefing").bounding_box()
    window.emulate_media(media="screen")
    return {"words": [f"{len(words)} words"] * (len(words) > 170) + [f"the next begins at {below}"] * (below < 900),
            "fit": ["below the first screen"] * (first["y"] + first["height"] > 900)
            + ["longer than a sheet"] * (sheet["y"] + sheet["height"] > 1017)}


def widths_that_overflow(window):
    """Return by how much a page is wider than a window, by the windows where it is."""
    found = {}
    for width in (360, 390, 768, 1440):
        window.set_viewport_size({"width": width, "height": 844})
        found[width] = window.evaluate(OVERFLOW)
    return {width: by for width, by in found.items() if by}


def problems(window, asked, size):
    """Return what is wrong with a page by check: first as it is opened, then with every part unfolded."""
    shown = window.evaluate("""() => [...document.querySelectorAll('figure.figure')].map(figure =>
        [...figure.querySelectorAll('.plot')].filter(plot => plot.getClientRects().length).length)""")
    found = {
        "labels": [f"small: {text}" for text in window.evaluate(SMALL)] + [
            f"cut: {text}" for text in window.evaluate(CUT)],
        "figures": [n for n in shown if n != 1] if not window.locator("details figure.figure").count() else []}
    if size == DESK:
        found |= {"scripts": window.evaluate("() => document.scripts.length - 1"), **leadership_problems(window)}
    window.evaluate(UNFOLD)
    found |= {"sideways": widths_that_overflow(window)} if size == DESK else {"unreached": window.evaluate(UNREACHED)}
    window.set_viewport_size({"width": size[0], "height": size[1]})
    return {**found, "access": barriers(window),
            "asked": [url for url in asked if url != window.url and not url.startswith("data:")]}


@pytest.fixture(scope="module")
def failures(browser, shelf):
    """Return a function that gives what a check finds by page in windows of a size; each page is opened once a size."""
    seen = {}

    def found(check, size=DESK):
        if size not in seen:
            seen[size] = {name: problems(window, asked, size) for name, window, asked in opened(browser, shelf, size)}
        assert seen[size], "there is no page to look at"
        return {name: told[check] for name, told in seen[size].items() if told[check]}
    return found


def opened(browser, shelf, size):
    """Yield each page of the shelf in a window of its own, with what it has asked for."""
    context = browser.new_context(viewport={"width": size[0], "height": size[1]}, bypass_csp=True)
    for path in sorted(shelf.glob("**/*.html")):
        window, asked = context.new_page(), []
        window.on("request", lambda request, asked=asked: asked.append(request.url))
        window.goto(path.as_uri())
        yield str(path.relative_to(shelf)), window, asked
        window.close()
    context.close()


PALE = """<html lang="en"><title>t</title><main><h1>t</h1><table><thead><tr><th scope="col">n</th></tr></thead><tbody>
<tr><td>10</td></tr><tr><td>20</td></tr><tr><td>30</td></tr><tr%s><td%s>40</td></tr></tbody></table></main></html>"""


@pytest.mark.parametrize("style", [("", ' style="color: #ccc"'), (' style="background: #555"', ""),
                                   (' style="opacity: .4"', "")], ids=["text", "background", "opacity"])
def test_one_cell_of_too_little_contrast_is_found_among_many_alike(browser, style):
    window = browser.new_page()
    window.set_content(PALE % ("", ""))
    assert barriers(window) == []
    window.set_content(PALE % style)
    assert [found.partition(":")[0] for found in barriers(window)] == [CONTRAST]
    window.close()


@pytest.mark.parametrize("cell", ['<a href="#t"></a>', '<img src="data:,">'], ids=["link", "picture"])
def test_a_row_that_differs_in_anything_but_its_words_is_looked_at(browser, cell):
    window = browser.new_page()
    window.set_content((PALE % ("", "")).replace("40</td>", f"40{cell}</td>"))
    assert len(barriers(window)) == 1
    assert window.locator("tr").count() == 3, "the head, a row, and the one that is unlike it"
    window.close()


@pytest.mark.parametrize(("part", "rule"), [
    ('<a href="#t"></a>', "link-name"), ('<g role="nothing"></g>', "aria-roles")])
def test_what_has_a_role_in_a_drawing_is_looked_at(browser, part, rule):
    window = browser.new_page()
    drawing = f'<svg class="plot" role="img" aria-label="a plot"><text>10</text>{part}</svg>'
    window.set_content(PALE.replace("<table>", drawing + "<table>") % ("", ""))
    assert rule in [found.partition(":")[0] for found in barriers(window)]
    window.close()


def test_a_page_asks_for_nothing_but_itself(failures):
    assert not failures("asked")


def test_a_page_never_scrolls_sideways(failures):
    assert not failures("sideways")


def test_what_scrolls_inside_a_page_can_be_reached_by_keyboard(failures):
    assert not failures("unreached", PHONE)


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_labels_in_figures_are_legible_and_not_cut_off(failures, size):
    assert not failures("labels", size)


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_everybody_can_read_a_page(failures, size):
    assert not failures("access", size)


def test_a_page_is_read_without_scripts(browser, shelf):
    context = browser.new_context(java_script_enabled=False)
    for path in sorted(shelf.glob("**/*.html")):
        window = context.new_page()
        window.goto(path.as_uri())
        assert window.locator("h1").count() == 1, path.name
        assert window.locator("h1").is_visible(), path.name
        window.close()
    context.close()


def test_no_script_runs_but_the_pages_own_even_where_data_try(failures):
    assert not failures("scripts")


def test_the_leadership_page_fits_one_screen_and_one_sheet(failures):
    assert not failures("fit")


def test_the_first_screen_is_read_in_at_most_170_words_and_holds_nothing_of_what_stands_below(failures):
    assert not failures("words")


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_each_figure_is_shown_once(failures, size):
    assert not failures("figures", size)
