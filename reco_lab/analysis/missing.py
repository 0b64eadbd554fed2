"""What is not known of customers and items."""

import pandas as pd

from reco_lab.core.dataset import Dataset


def missing(data: Dataset) -> pd.DataFrame:
    """One row a column of the tables of customers and items: table, column, known, missing, share, distinct."""
    rows = [
        (
            name,
            str(column),
            int(values.notna().sum()),
            int(values.isna().sum()),
            float(values.isna().mean()),
            int(values.nunique()),
        )
        for name, table in (("customers", data.customers), ("items", data.items))
        if table is not None
        for column, values in table.items()
    ]
    found = pd.DataFrame(rows, columns=["table", "column", "known", "missing", "share", "distinct"])
    return found.sort_values("share", ascending=False, kind="stable", ignore_index=True)
