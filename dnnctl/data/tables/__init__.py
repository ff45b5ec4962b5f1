"""Tables: from a file to encoded rows.

`load` is the table of contents: a file is opened (`csv_file`, `arrow_file`), its columns get their roles (`roles`) and
types (`column_type`), the target becomes classes or numbers (`target`), a test split is set aside (`../held_out`), and,
after the validation split is known, rows are encoded with statistics of the training rows (`encode`).

Shapes: N is the number of rows.
"""
