"""Whether what is served does well, and what moved if not: figures in, findings out; it reads no log and no clock."""
