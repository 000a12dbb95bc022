"""A small cloud of our own: an HTTP API over collections of items, with a journal of all that was asked of it and faults to inject.

Tests and demo manage it through the lab provider with a real tofu, and look here for what really happened. Use `LabCloud` in a
process, or `python -m interlock.testing.labcloud` as a program. Standard library only.
"""

from interlock.testing.labcloud.cloud import LabCloud
from interlock.testing.labcloud.faults import Fault
from interlock.testing.labcloud.items import Item
from interlock.testing.labcloud.journal import Entry
from interlock.testing.labcloud.tokens import Token

__all__ = ["Entry", "Fault", "Item", "LabCloud", "Token"]
