"""Erasure: what takes a person out of records and out of a run's files.

* ``erasure_requests``: Erasure requests: people who were erased stay out of later runs, counted and not kept.
* ``file_redaction``: Redaction of one file, whatever it is: by its kind, by its text, else refused by name.
* ``redaction``: Redaction of a run's files: tables without a person's rows, notebooks and pages without their lines.
"""
