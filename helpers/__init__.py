"""The map of the house: a wing for each notebook, on shared floors; arrows point down only.

==============  ======================================================================  ========
floor           rooms                                                                    notebook
==============  ======================================================================  ========
door            ``python -m helpers``: run, runs, compare, check, simulate
pipeline        steps (the graph, as data), runner, catalogue
reporting       figures, exhibits, words, pages, comparison, ledger                      08
wings           satisfaction                                                             02
                loyalty                                                                  03
                value                                                                    04
                churn                                                                    05
                experiments                                                              06
                actions                                                                  07
shared          methods (subject-free statistics), customers (windows, features)
door in         intake: profiles, readers, cleaning, audit, simulation                   01
foundation      workspace, engine, tables, canonical, study, estimates, errors
==============  ======================================================================  ========

The wings do not import each other; what two of them need lives in ``methods`` or ``customers``.
"""
