"""Data intake (notebook 01): read files, parse, canonicalise, reject with reasons, reconcile; draft a profile.

* ``archives``: Zip and gzip archives: their members become files in a temporary folder before they are read.
* ``audit_report``: Intake audit: counts, money, coverage, freshness, the finance line; and the gates that a delivery
  has to pass.
* ``canonical_tables``: Canonical tables made from files, with what was left out of each; the parts of one as one.
* ``canonicalise``: Landed text to canonical tables: every record feeds at least one table, or is rejected once.
* ``check_profile``: Dry run of a source profile: every problem in one pass, nothing written.
* ``check_summary``: Summary of what a profile makes of its files: rows, customers, period, money and first rows of
  each table.
* ``control_totals``: Control totals declared by whoever delivered the data: met exactly, or the run stops.
* ``csv_stream``: CSV and fixed-width text as a stream: checked bytes, batches of columns, record and line numbers.
* ``databases``: Queries as records: databases by their ADBC drivers, DuckDB and SQLite files; in batches, one ordered
  select.
* ``date_formats``: Forms in which dates and times are written: directives, names of months, clocks, epochs, serial days
  of sheets.
* ``date_plausibility``: Plausible dates: the as-of date, rows in the future, rows isolated in time, rows after the
  as-of date.
* ``delivery``: One delivery of a source: from raw files to canonical tables, with everything found on the way.
* ``export_signatures``: Signatures of well-known exports: the headers by which each is known, and what its columns
  mean.
* ``exchange_rates``: Exchange rates that a profile declares: amounts of several currencies become one, or are refused
  as one sum.
* ``expression_rules``: Rules of profile expressions: what a name may refer to, and what each kind of syntax node
  means.
* ``expressions``: Profile expressions: a scalar subset of SQL, parsed, allow-listed, and turned into engine values.
* ``file_layout``: Layout of text files and sheets: header rows, lines below the last record, fields given on a first
  line only.
* ``formats``: Formats whose records know their fields: JSON lines, Excel sheets, Parquet, database rows, as batches
  of text.
* ``header_words``: Words of column names by what they mean, in several languages: beginnings or parts, without
  accents.
* ``infer_aggregates``: Files of totals instead of records: counts and summaries of an experiment's arms, sums by day or
  month.
* ``infer_events``: Drafted tables about what customers did and asked for: service cases, points, events.
* ``infer_experiments``: Drafted experiments: who was assigned to which arm with what outcome, and the plan that the
  study has to confirm.
* ``infer_contracts``: Drafted contracts: who has left, and for each attribute when it was known, with the evidence.
* ``infer_currency``: Inferred currency of files: by signs and codes beside amounts, words in names and descriptions,
  the country.
* ``infer_dates``: Inferred forms of dates and times: the fewest forms that read a column, their rivals, what stays
  ambiguous.
* ``infer_doubts``: What a draft does not know: what was not seen in the files, what can be read in two ways, what else
  would fit.
* ``infer_keys``: Inferred keys and foreign keys between files, so that one can be looked up in another.
* ``infer_layout``: Inferred layout of files: encoding, delimiter, titles, header rows, footers, fields given on a first
  line only.
* ``infer_numbers``: Inferred forms of numbers: signs before decimals and between thousands, currencies, per cent; and
  their rivals.
* ``infer_long_surveys``: Drafted surveys with a record for each answer: who answered, what was asked, and the answer in
  a column each.
* ``infer_opportunities``: Drafted opportunities: chances of a sale with the stage that each has reached, and what was
  won as orders.
* ``infer_profile``: Draft of a source profile from files that nobody has described yet; every guess is marked as one.
* ``infer_respondents``: Drafted respondents: who answered when, what else is known of them, and which records of a
  survey are no answers.
* ``infer_semantics``: Inferred meaning of columns: from names, values and references between files.
* ``infer_surveys``: Drafted surveys: respondents, answers and items with their roles and constructs; the path model
  for the study.
* ``infer_tables``: Which canonical tables files seem to feed: customers and, by other modules, the rest; no table
  twice.
* ``infer_transactions``: Drafted orders: their customers, days, money and returns; views of files and the lines of
  their tables.
* ``infer_types``: Inferred column types: kinds, date formats, keys, missing codes, number formats.
* ``labelled_files``: SPSS and Stata files: codes as numbers, their labels in a column beside, labels of variables as
  wording of items.
* ``national_ids``: National ids: numbers of persons, told from other numbers by their written form and check digits.
* ``number_formats``: Forms in which numbers are written: signs before decimals and between thousands, minus signs of
  all kinds.
* ``parquet_sink``: Parquet files of landed text, written in row groups of a good size while the next batch is read.
* ``pii_in_text``: Personal data in free text: e-mail addresses, numbers of phones, cards, accounts and persons are
  masked.
* ``profile_schema``: Parts of a source profile, each closed to unknown keys; `helpers.intake.profiles` explains every
  key.
* ``profile_text``: Lines of a drafted profile as TOML: table heads, lookups, columns, dates, what is left out.
* ``profiles``: Source profiles: what a company's files are, and how they become canonical tables.
* ``pseudonymise``: Pseudonymisation: personal columns are dropped or keyed-hashed before anything is stored.
* ``readers``: Readers: any declared file lands as text Parquet, every record numbered; broken rows are kept as
  broken.
* ``reconciliation``: Reconciliation of records: each feeds a table or is rejected once with all its reasons.
* ``record_identifiers``: Record identifiers: which keys are a time or a record number, and what that loses.
* ``rejects``: Rejected rows and their reasons: reasons packed as bits, lines numbered, repeated keys found.
* ``remote_files``: Files at an address: over http(s), in S3 or Google Cloud Storage; copied first, within limits of
  size and time.
* ``schema``: Declared result tables of intake.
* ``source_records``: Records that a canonical table is made from: landed columns, lookup joins, unpivoted columns.
* ``timeliness_gates``: Timeliness gates: are dates plausible, and are the records fresh by their own rhythm.
* ``type_parsing``: Text to typed values: numbers, flags, dates, times with a zone offset; unreadable text is
  reported.
* ``verbal_scales``: Answers in words: the usual verbal scales of questionnaires, by language, as scores; numbers with
  labelled ends.
"""
