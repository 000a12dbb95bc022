"""`python -m interlock.testing.demo`: tells the story; exit code 1 when the lab cloud contradicts it."""

import argparse
import io
import signal
import sys
from pathlib import Path

from interlock.testing import tools
from interlock.testing.demo import pictures
from interlock.testing.demo.stage import colorful, staged
from interlock.testing.demo.story import CHAPTERS
from interlock.testing.demo.witness import Contradiction


def main() -> int:
    parser = argparse.ArgumentParser(prog="script/demo", description="One repository's story, really done.")
    parser.add_argument("--pictures", type=Path, metavar="FOLDER", help="also write what the README shows, as SVG")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    try:
        with staged(color=colorful() or options.pictures is not None) as stage:
            print(f"The demo happens in {stage.folder}")
            try:
                for chapter in CHAPTERS:
                    chapter(stage)
            except Contradiction as contradiction:
                print(f"\ndemo: FAILED: {contradiction}\ndemo: all that happened is in {stage.folder}", file=sys.stderr)
                return 1
            if options.pictures:
                pictures.write(stage.ran, options.pictures)
    except tools.ToolsMissing as missing:
        print(f"demo: {missing}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ndemo: interrupted; the folder stays", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
