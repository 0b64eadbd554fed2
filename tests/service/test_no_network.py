"""Nothing that the product does at run time needs a network, or looks for one."""

import shutil
import subprocess
import sys

import pytest

STORY = """
import socket, sys, pathlib
from reco_lab.services.backups import backup, restore
from reco_lab.services.data import import_file
from reco_lab.services.upkeep import diagnostics, tidy
from reco_lab.workspace import Workspace

asked = []
sys.addaudithook(lambda event, given: asked.append(given) if event in {"socket.connect", "socket.getaddrinfo"} else None)
home = pathlib.Path(sys.argv[1])
workspace = Workspace.open(home / "home")
(home / "shop.csv").write_text("customer,item\\n" + "".join(f"c{n % 9},i{n % 7}\\n" for n in range(90)))
import_file(workspace, home / "shop.csv", "shop")
made = backup(workspace, home / "copy.zip")
tidy(workspace, dry_run=False)
restore(made.path, home / "other")
assert diagnostics(workspace, thorough=True).problems == ()
assert not asked, asked
print("done")
"""


def test_a_workspace_lives_where_there_is_no_network_and_never_asks_for_one(tmp_path):
    if shutil.which("unshare") is None or subprocess.run(["unshare", "-n", "true"], check=False).returncode:
        pytest.skip("this machine lets nobody take a process off the network")
    command = ["unshare", "-n", sys.executable, "-c", STORY, str(tmp_path)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.stdout == "done\n", done.stderr
