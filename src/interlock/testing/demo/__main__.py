"""`python -m interlock.testing.demo`: tells the story; exit code 1 when the lab cloud contradicts it."""

import signal
import sys

from interlock.testing import tools
from interlock.testing.demo.stage import staged
from interlock.testing.demo.story import CHAPTERS
from interlock.testing.demo.witness import Contradiction


def main() -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        with staged() as stage:
            print(f"The demo happens in {stage.folder}")
            try:
                for chapter in CHAPTERS:
                    chapter(stage)
            except Contradiction as contradiction:
                print(f"\ndemo: FAILED: {contradiction}\ndemo: all that happened is in {stage.folder}", file=sys.stderr)
                return 1
    except tools.ToolsMissing as missing:
        print(f"demo: {missing}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ndemo: interrupted; the folder stays", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
