"""Foundation: engine, schemas, results, money, workspace, study; the only access to disk.

* ``atomic_files``: Atomic files and folders: at any moment the old one or the new one, whole; locks.
* ``canonical_schema``: Schemas of the canonical tables: customers, transactions, responses, cases, points and others.
* ``coded_samples``: Samples to be coded by hand: CSV laid out once under data/audits, read back, safe in
  spreadsheets.
* ``engine``: The engine behind every table: DuckDB through Ibis, lazy tables in and out.
* ``engine_choice``: Choice of the engine by name, DuckDB or Spark; refuses one that this machine cannot run.
* ``errors``: Errors on bad input in one form: where, what was found, how many, what is allowed.
* ``folders``: Folders: where the home has its runs, raw files, reports, profiles and studies.
* ``hash_key``: The secret key of keyed hashes: from the environment, else the workbook's own, kept in a file.
* ``labels``: Labels: the readable form of an id that has no label of its own.
* ``manifest``: Manifests of runs: read, checked for their form; a damaged one is named and its run passed over.
* ``money``: Money: decimals with four places in the engine, their products and shares.
* ``parquet_files``: Parquet files are read by what is in them: no columns from folder names, no glob patterns in
  paths.
* ``plain_numbers``: Plain numbers: digits 0 to 9 only, no underscores, no other scripts.
* ``results``: Results: an estimate with interval, unit and status; a quality gate; a textbook claim's verdict.
* ``schema``: Schema of a table: grain, key, columns with type, unit and rules; validates before writing.
* ``spark``: Spark behind Ibis, with DuckDB's answers to casts, divisions, dates and empty texts.
* ``spreadsheets``: Spreadsheets: lists for people in Excel and CSV, of which no cell is taken for a formula.
* ``study_config``: Study configuration from TOML: sections with validated types, bounds and defaults; economics.
* ``workspace``: Workspace: reads and writes the tables of a run by name.
"""
