"""Kinds of files that Reco Lab reads. `sniff` picks the right one by looking into the file.

In every table a source returns, the index is the number of the line (Parquet: of the row) in the file.
"""

from reco_lab.sources._sniff import sniff

__all__ = ["sniff"]
