"""`python -m reco_lab.cli`: the command line, for processes that start one another."""

import sys

from reco_lab.cli import main

sys.exit(main())
