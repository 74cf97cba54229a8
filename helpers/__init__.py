"""The map of the house: a room for each notebook, on shared floors; arrows point down only.

==============  ======================================================================  ========
floor           rooms                                                                   notebook
==============  ======================================================================  ========
door            ``loyalty``: run, runs, compare, check, simulate, lab, erase
pipeline        steps, runner, scheduler, workers, runs, publishing
reporting       plots, tables, pages, KPIs; ``text``: what pages say                    08
by notebook     satisfaction                                                            02
                loyalty                                                                 03
                value                                                                   04
                churn                                                                   05
                experiments                                                             06
                actions                                                                 07
shared          stats (statistics without a subject), customers (purchases, features)
door in         intake: readers, canonical tables, rejects, reconciliation              01
                simulation: the simulated company; erasure: people who must not return
foundation      workspace, engine, schemas, results, study
==============  ======================================================================  ========

The six rooms by notebook do not import each other; what two of them need lives in ``stats`` or ``customers``.
"""
