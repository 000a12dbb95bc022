"""Releasing a hold: a person says that a revision which failed may come back. One transaction with its audit record."""

from interlock.app.build import Project
from interlock.model.errors import NotFound, UsageError
from interlock.store import holds


def release_hold(project: Project, environment: str, component: str, *, reason: str) -> tuple[tuple[str, ...], str]:
    """The revisions that were held, sorted, and who released them. Raises UsageError (no reason, nobody), NotFound where nothing is held."""
    if not reason.strip():
        raise UsageError("a hold is released for a reason", hint='--reason "what was mended"')
    store = project.records()
    person = project.actor
    with store.change(person) as change:
        revisions = holds.release(change.tx, environment, component, person=person, reason=reason.strip())
        if not revisions:
            others = [f"{hold.environment} {hold.component}" for hold in holds.active(change.tx)]
            raise NotFound(
                f"nothing of {component} is held in {environment}",
                hint=f"held: {', '.join(dict.fromkeys(others))}" if others else "nothing is held anywhere",
                slug="not-held",
            )
        change.audit(
            "release-hold",
            f"{environment}/{component}",
            before={"held": list(revisions)},
            after={"held": []},
            reason=reason.strip(),
            verified=False,
        )
    return revisions, person
