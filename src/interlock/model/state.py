"""The states of a step and of a deployment: the words that the database keeps, that people read and that scripts match on.

A step goes  waiting ─► checking ─► planning ─► (deferred | blocked)* ─► applying ─► verifying ─► soaking ─► verified
and leaves that way at any point: unchanged, dropped, skipped, failed, interrupted, cancelled. A rollback takes it on: undoing ─► undone.
"""

from enum import StrEnum


class StepState(StrEnum):
    """Where one component in one environment stands within a deployment."""

    WAITING = "waiting"
    """Not its turn yet: a dependency, or an environment before it, is not verified."""
    CHECKING = "checking"
    """Static checks run: is it well formed?"""
    PLANNING = "planning"
    """What would change is being found; reads only."""
    DEFERRED = "deferred"
    """Its plan can be made only when an upstream step has published the outputs that it uses."""
    BLOCKED = "blocked"
    """Planned; at least one gate does not pass. The gates say what would unblock it."""
    APPLYING = "applying"
    """The plan is being carried out under a lease: the only state that writes, beside `undoing`."""
    VERIFYING = "verifying"
    """Applied; its checks run."""
    SOAKING = "soaking"
    """Every check passed; they must go on passing for a while."""
    VERIFIED = "verified"
    """Applied and proven. Its dependants may start."""
    UNCHANGED = "unchanged"
    """Its plan was empty: the world is already as the commit says."""
    DROPPED = "dropped"
    """It was in only because of a dependency, whose outputs turned out unchanged."""
    FAILED = "failed"
    """An error, a rejection or a failed check. What was written, if anything, the receipt says."""
    INTERRUPTED = "interrupted"
    """The apply was cut off before its receipt. What was written is unknown until it is planned again."""
    CANCELLED = "cancelled"
    """A person asked for the end while it was under way."""
    UNDOING = "undoing"
    """What it applied is being rolled back."""
    UNDONE = "undone"
    """Rolled back: the environment has what it had before of this component."""
    UNDO_FAILED = "undo_failed"
    """Rolling it back did not work, or may not be done by automation. A person has to look."""
    SKIPPED = "skipped"
    """Never started, because something else ended the deployment first."""

    @property
    def terminal(self) -> bool:
        """Nothing more happens to it by itself, unless a rollback begins."""
        return self in _STEP_ENDS

    @property
    def active(self) -> bool:
        """Something runs for it at this moment."""
        return self in _STEP_ACTIVE

    @property
    def done(self) -> bool:
        """The good ends: a step that needs this one may start."""
        return self in (StepState.VERIFIED, StepState.UNCHANGED, StepState.DROPPED)

    @property
    def bad(self) -> bool:
        """Ends that a person must read about."""
        return self in (StepState.FAILED, StepState.INTERRUPTED, StepState.UNDO_FAILED)


_STEP_ACTIVE = frozenset(
    {
        StepState.CHECKING,
        StepState.PLANNING,
        StepState.APPLYING,
        StepState.VERIFYING,
        StepState.SOAKING,
        StepState.UNDOING,
    }
)
_STEP_ENDS = frozenset(
    {
        StepState.VERIFIED,
        StepState.UNCHANGED,
        StepState.DROPPED,
        StepState.FAILED,
        StepState.INTERRUPTED,
        StepState.CANCELLED,
        StepState.UNDONE,
        StepState.UNDO_FAILED,
        StepState.SKIPPED,
    }
)


class DeploymentState(StrEnum):
    """How a whole deployment stands."""

    PLANNED = "planned"
    """Recorded, nothing started."""
    RUNNING = "running"
    """At least one step is under way, or about to be."""
    BLOCKED = "blocked"
    """Nothing is under way, and what is left waits for a gate."""
    VERIFIED = "verified"
    """Every step is verified, unchanged or dropped."""
    FAILED = "failed"
    """It ended with an error before anything was written; the world is as before."""
    ROLLING_BACK = "rolling_back"
    """A step failed; what was applied in its environment is being undone, newest first."""
    ROLLED_BACK = "rolled_back"
    """It failed, and everything that it applied in the failing environment was undone and verified."""
    PARTLY_CHANGED = "partly_changed"
    """It ended and the world is partly changed or unknown: a person has to decide."""
    CANCELLED = "cancelled"
    """A person ended it; nothing that it applied is left half done."""
    SUPERSEDED = "superseded"
    """A newer deployment took the place of this one while it waited."""
    INTERRUPTED = "interrupted"
    """Its process ended in the middle. The same `deploy`, or `deploy --resume`, goes on."""

    @property
    def terminal(self) -> bool:
        """It has its verdict and never moves again. `interrupted` is not terminal: it can be resumed."""
        return self in _DEPLOYMENT_ENDS

    @property
    def bad(self) -> bool:
        """States that a person must read about."""
        return self in (
            DeploymentState.FAILED,
            DeploymentState.ROLLED_BACK,
            DeploymentState.PARTLY_CHANGED,
            DeploymentState.INTERRUPTED,
        )


_DEPLOYMENT_ENDS = frozenset(
    {
        DeploymentState.VERIFIED,
        DeploymentState.FAILED,
        DeploymentState.ROLLED_BACK,
        DeploymentState.PARTLY_CHANGED,
        DeploymentState.CANCELLED,
        DeploymentState.SUPERSEDED,
    }
)
