"""Reporting: plots, tables, pages, the leadership page (notebook 08).

* ``axis_layout``: Axis layout and labels, for desks and for phones: rows, ticks, names at line ends.
* ``change_since_last_run``: Change since the last comparable run, and whether it is more than noise.
* ``custom_axes``: Axes that a notebook draws on itself: the house's look for whatever seaborn or matplotlib drew.
* ``decimal_places``: Decimal places: how many a number gets, and two that stand beside each other.
* ``definitions_log``: Definitions log: what was redefined from one report to the next, and what figures of the same day
  it moved.
* ``display``: What a notebook displays besides plots: paragraphs, tables, quality gates, cards; data are escaped.
* ``drawn_rows``: Rows that a figure draws, and a sentence about the others.
* ``fan_plot``: Fan plot: what happened, what had been forecast before, and what is ahead, in shades of 50, 80 and 95 %.
* ``finance``: The ledger's figures, as a study declares them, held against the records.
* ``forecast_tracking``: Forecast tracking: forecasts and alerts of earlier runs that are due, gates and claims of all
  steps.
* ``formatting``: Formatting of numbers for people: significant digits, money, shares, dates, intervals in brackets.
* ``glossary``: Glossary: each term of the pages with its definition, its formula and its window; the one place of all
  three.
* ``headings``: Headings: what pages call columns and quantities of tables.
* ``html``: HTML building blocks: escaped text, links, tables, sparklines.
* ``html_exporter``: nbconvert exporter with the workbook's template; apart because its import is slow.
* ``inline_figures``: Figures that a cell leaves as they are: what they show, and how they reach the page.
* ``key_account_sections``: Key-account sections of the action plan: overview, plan of one account, the Excel file.
* ``kpi_history``: History of key figures: counted again for each quarter on record, and as earlier comparable runs
  gave them.
* ``kpis``: Key performance indicators of the leadership page, with the change since the previous report.
* ``leadership_figures``: Figures of the leadership page's first screen: revenue bridge, buyers against the year
  before, experiments.
* ``leadership_page``: Leadership page: KPI cards, findings, decisions, and the ten questions below them.
* ``loyalty_sections``: Sections of the loyalty page: the tables and figures that stand together under one finding.
* ``notebook_cells``: Parts of a page: which cells of an executed notebook a page shows, and in which of its parts.
* ``one_file``: One file: all pages of a report below each other in one HTML file, with links that work within it.
* ``pages``: Pages: an executed notebook as one HTML file, a notice for a skipped step, the list of runs.
* ``partner_sections``: Partner sections of the action plan: customers in common, the coalition's value, points and
  terms of a programme.
* ``perceptual_map_plot``: Perceptual map: brands and attributes with their confidence ellipses.
* ``plot_style``: Plot style: colours, fonts, figure sizes, and the way from a figure to the page.
* ``plots``: Plots whose title is the finding: intervals, bars, lines, heat map, any drawing; with alt text.
* ``run_results``: Result tables of this run, by table, quantity and segment; what is absent is an answer too.
* ``satisfaction_sections``: Sections of the satisfaction page: the tables and figures that stand together under one
  finding.
* ``schema``: Declared result tables of the leadership page, and the tables of other steps that it reads.
* ``targets``: Targets: what a study wants of key figures, and whether each is met as far as its interval tells.
* ``tier_sections``: Tier sections of the action plan: effort by tier, strategy by tier and stage, who costs more than
  they bring.
* ``translation``: Translation: pages in the language that a study names, by catalogues of messages; English is the
  source.
* ``value_sections``: Sections of the customer value page: the tables and figures that stand together under one finding.
* ``text/``: What pages say: sentences assembled from numbers, one module a page and topic.
"""
