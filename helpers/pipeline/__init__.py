"""Pipeline: steps, runner, scheduler, workers, runs, publishing.

* ``compare_runs``: Comparison of two runs: what differs between them.
* ``console``: What commands print, for people or as JSON, and the log file of a run.
* ``crash_report``: An error that nothing else has caught: one sentence, and a file with all that is known of it.
* ``docs``: Generated documentation: data dictionary, README's step table, executed and stripped notebooks.
* ``drawn_lists``: Lists of customers that finished runs drew, as whoever carries them out reads them.
* ``erase``: Erases a person from every run, notebook and page, from published reports, and from every run to come.
* ``first_worker``: First worker: forked at the door, it loads what the first step needs while the runner itself still
  loads.
* ``forked_kernel``: Forked kernel: an IPython kernel forked from a process with all libraries loaded, in place of a
  new interpreter.
* ``jupyter``: papermill, imported at a third of its price; everything in this package that needs it takes it from
  here.
* ``message_catalogues``: Message catalogues: what pages say in English, merged into the catalogue of each language;
  what is stale or missing.
* ``notifications``: Somebody is told by mail, webhook or command how a run ended, as the study says.
* ``parameters``: Notebook parameters: one name, type, default and meaning; refused before a run starts if wrong.
* ``preloaded_libraries``: Libraries and notebook imports loaded once, in the server from which workers and kernels are
  forked.
* ``progress``: Progress lines of a run, with an estimate of the time left.
* ``provenance``: Provenance: checksums of files, profile and study, versions and code revision.
* ``publishing``: Publishing: pages rendered once a run is closed, published as a whole if it is good.
* ``registry``: Registry: every declared table, every section of a study, and the workspace that knows them all.
* ``report_files``: Report files of a finished run to send and to print: all pages in one HTML file, a PDF, a draft of
  a mail.
* ``resume``: Resume and partial runs: which steps of earlier runs stand, and what forbids taking them.
* ``run_list``: List of runs: one line each for people, one fact sheet each for machines.
* ``run_request``: Request for a run: what is asked, and what of it is refused before anything starts.
* ``run_retention``: Run retention: older runs are removed as the study says, never one that is still needed.
* ``runner``: Runs the workbook: checks the request, starts or resumes a run, returns the exit code.
* ``runs``: The life of a run: locked, running, finished or failed; never overwritten.
* ``scheduler``: Step scheduler: which steps may start, their time-outs, and how they ended.
* ``scratch_notebooks``: Copies of the notebooks for work by hand, in a folder that git ignores: no edit there reaches
  a scheduled run.
* ``steps``: The steps of a run as data: which notebook answers which question, from which tables.
* ``system_errors``: System errors in one sentence: full disk, memory limit, refused access; exit codes of failures.
* ``worker``: Worker process: starts a kernel ahead of time, waits for its step, executes it with papermill, reports.
* ``worker_pool``: Worker pool: worker processes started ahead of time, watched, and ended for certain.
"""
