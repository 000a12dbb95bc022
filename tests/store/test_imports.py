"""`interlock status` reads the store, and must not pay for what only writing needs."""

import json
import subprocess
import sys

HEAVY = {"sqlalchemy", "pydantic", "obstore", "cryptography", "dbos", "httpx", "rich", "pygit2", "yaml"}
READ = """
import json, sys
from pathlib import Path
from interlock.model.digest import Keyed
from interlock.store import Store, deployments, drift, holds, key, leases, ledger, notices, slots, steps
from interlock.store.home import Home
home = Home(Path(sys.argv[1]), "acme", Path(sys.argv[1]) / "keys").prepare()
store = Store.open(home, key.load_key(home, {}))
with store.database.read() as tx:
    deployments.list_newest(tx), ledger.all_current(tx), slots.all_active(tx), leases.all_held(tx), holds.active(tx)
print(json.dumps(sorted(name.split(".")[0] for name in sys.modules)))
"""


def test_reading_loads_nothing_heavy(tmp_path):
    done = subprocess.run([sys.executable, "-c", READ, str(tmp_path / "h")], capture_output=True, text=True, check=True)
    assert HEAVY.isdisjoint(json.loads(done.stdout))
