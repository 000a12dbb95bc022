"""Keeping a stack's own sensitive values out of text, beside the registered secrets.

They are not registered with the installation's secrets: a sensitive output may hold a word as common as a region's name, and registering
it would mask that word in other components' plans, differently from one run to the next.
"""

from collections.abc import Callable, Collection

from interlock.world import Secrets

SHORTEST = 4  # characters; shorter values cannot be told from ordinary text


def redactor(secrets: Secrets, sensitive: Collection[str]) -> Callable[[str], str]:
    """A function that hides registered secrets and `sensitive` (each also line by line), longest first."""
    lines = {line for value in sensitive for line in [value, *value.splitlines()]}
    parts = sorted((line for line in lines if len(line.strip()) >= SHORTEST), key=lambda line: (-len(line), line))

    def redact(text: str) -> str:
        text = secrets.redact(text)
        for part in parts:
            text = text.replace(part, "(sensitive)")
        return text

    return redact
