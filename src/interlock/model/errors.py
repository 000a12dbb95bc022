"""The one error tree. First split: can the same call be tried again and succeed?

    InterlockError                    slug, message, hint, exit code
    ├── Retryable                     the same call may succeed later, unchanged
    │   ├── Unavailable               a service, database or registry did not answer
    │   ├── TimedOut                  a deadline passed
    │   └── LeaseHeld                 someone else applies to this component and environment
    └── Permanent                     only another input, plan or person can make it succeed
        ├── UsageError                wrong command line                                     exit 64
        ├── ConfigurationError        one or more `Problem`s, each with its place            exit 78
        ├── NotFound                  a name, id or revision that nothing has
        ├── StalePlan                 the base of a plan moved; nothing was written
        ├── ArtifactMismatch          stored bytes are absent, altered or another's; nothing was written
        ├── ToolMissing / ToolMismatch / ToolFailed
        ├── CredentialsMissing        the tool found none; names what was held back
        ├── SecretUnresolved          a `${secret:NAME}` has no value; names its source
        ├── LeaseLost                 our right to write ended while we held it
        ├── Cancelled                 a person or a signal asked for the end
        ├── PartlyChanged             the world is partly changed or unknown                 exit 4
        └── Corrupt                   our own records contradict themselves (audit, blobs)

Expected ends are values (`Outcome`, `Verdict`); only surprises raise. Nobody matches on message text: `slug` is the code.
"""

from dataclasses import dataclass, field
from enum import IntEnum


class Exit(IntEnum):
    """Every exit code of the program. There are no others (DESIGN §7)."""

    DONE = 0
    FAILED = 1  # the world is as before, or restored
    CHANGES = 2  # drift, or changes with `plan --detailed-exitcode`
    BLOCKED = 3  # a gate is pending or failed
    UNKNOWN = 4  # the world is partly changed or unknown
    USAGE = 64
    CONFIGURATION = 78
    INTERRUPTED = 130


@dataclass(frozen=True, order=True)
class Location:
    """A place in a file of the repository. `line` and `column` count from 1; 0 means the whole file."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        if not self.line:
            return self.file
        return f"{self.file}:{self.line}:{self.column}" if self.column else f"{self.file}:{self.line}"


@dataclass(frozen=True, order=True)
class Problem:
    """One thing wrong in what the user wrote: where, what, the offending value, the nearest valid one, what to do.

    `severity` is "error" or "warning". `detail` may hold a diff or a tool's own words, already redacted.
    """

    location: Location
    slug: str
    message: str
    value: str | None = None
    nearest: str | None = None
    hint: str | None = None
    severity: str = "error"
    detail: str | None = field(default=None, compare=False)

    def __str__(self) -> str:
        parts = [f"{self.location}: {self.message}"]
        if self.nearest:
            parts.append(f"did you mean '{self.nearest}'?")
        if self.hint:
            parts.append(self.hint)
        return " ".join(part if part.endswith(("?", ".", "!")) else f"{part}." for part in parts)


class InterlockError(Exception):
    """Base of all errors a person may see. `message` names the thing; `hint` says what to do next."""

    slug = "error"
    exit: Exit = Exit.FAILED

    def __init__(self, message: str, *, hint: str | None = None, slug: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        if slug is not None:
            self.slug = slug


class Retryable(InterlockError):
    slug = "retryable"


class Unavailable(Retryable):
    slug = "unavailable"


class TimedOut(Retryable):
    slug = "timed-out"


class LeaseHeld(Retryable):
    slug = "lease-held"
    exit = Exit.BLOCKED


class Permanent(InterlockError):
    slug = "permanent"


class UsageError(Permanent):
    slug = "usage"
    exit = Exit.USAGE


class ConfigurationError(Permanent):
    """All problems of one reading, sorted by place. Never empty."""

    slug = "configuration"
    exit = Exit.CONFIGURATION

    def __init__(self, problems: tuple[Problem, ...], *, hint: str | None = None) -> None:
        assert problems, "a configuration error without a problem"
        self.problems = tuple(sorted(problems, key=lambda p: (p.location, p.slug, p.message)))
        super().__init__("\n".join(str(p) for p in self.problems), hint=hint)


class NotFound(Permanent):
    slug = "not-found"
    exit = Exit.USAGE


class StalePlan(Permanent):
    slug = "stale-plan"


class ArtifactMismatch(Permanent):
    slug = "artifact-mismatch"


class ToolMissing(Permanent):
    slug = "tool-missing"
    exit = Exit.CONFIGURATION


class ToolMismatch(Permanent):
    slug = "tool-mismatch"
    exit = Exit.CONFIGURATION


class ToolFailed(Permanent):
    """A program we ran ended with an error. `output` is the redacted tail of what it said."""

    slug = "tool-failed"

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = None,
        slug: str | None = None,
        exit_code: int | None = None,
        output: str = "",
    ) -> None:
        super().__init__(message, hint=hint, slug=slug)
        self.exit_code = exit_code
        self.output = output


class CredentialsMissing(Permanent):
    slug = "credentials-missing"


class SecretUnresolved(Permanent):
    slug = "secret-unresolved"
    exit = Exit.CONFIGURATION


class LeaseLost(Permanent):
    slug = "lease-lost"
    exit = Exit.UNKNOWN


class Cancelled(Permanent):
    slug = "cancelled"
    exit = Exit.INTERRUPTED


class PartlyChanged(Permanent):
    slug = "partly-changed"
    exit = Exit.UNKNOWN


class Corrupt(Permanent):
    slug = "corrupt"
    exit = Exit.UNKNOWN
