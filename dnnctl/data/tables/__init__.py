"""Tables: from a file to encoded rows.

`load` is the table of contents: a file is opened (`csv_file`, `arrow_file`), its columns get their roles (`roles`) and
types (`column_type`), the target becomes classes or numbers (`target`), a test split is set aside (`../held_out`), and,
after the validation split is known, rows are encoded with statistics of the training rows (`encode`). Numbers and dates
as people write them are read by `number_text` and `date_text`; `written` has the message where two meanings are
possible. What is too large for memory is in temporary files (`scratch`).

Shapes: N is the number of rows.
"""
