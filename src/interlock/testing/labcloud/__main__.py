"""A lab cloud as a program: runs until SIGTERM or SIGINT. Tokens come from `tokens.json` in its state folder, never from argv."""

import argparse
import json
import os
import signal
import sys
import threading
from pathlib import Path

from interlock.testing.labcloud.cloud import LabCloud
from interlock.testing.labcloud.tokens import DEFAULT, Token, from_documents


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m interlock.testing.labcloud", description=__doc__)
    parser.add_argument("--state", type=Path, required=True, help="folder for journal, port and tokens.json")
    parser.add_argument("--port", type=int, default=0, help="default: the former one, else a free one")
    parser.add_argument("--ready-file", type=Path, help="gets the URL, in one rename, when requests are answered")
    options = parser.parse_args()
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    with LabCloud(options.state, port=options.port, tokens=read_tokens(options.state)) as cloud:
        if options.ready_file:
            draft = options.ready_file.with_name(options.ready_file.name + ".new")
            draft.write_text(cloud.url + "\n", encoding="utf-8")
            os.replace(draft, options.ready_file)
        print(cloud.url, flush=True)
        stopped.wait()
    return 0


def read_tokens(state: Path) -> list[Token]:
    """The tokens of a state folder's tokens.json: a list of {"label", "value", "can_write"}; without the file, the default one."""
    path = state / "tokens.json"
    if not path.exists():
        return [DEFAULT]
    return from_documents(json.loads(path.read_text(encoding="utf-8")))


if __name__ == "__main__":
    sys.exit(main())
