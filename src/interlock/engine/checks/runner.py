"""`runner`: does GitLab say that this CI runner is online? Written to the Runners API of GitLab 15 to 18.

    runner: {name: shared}          what `runners.shared` of organization.yaml says: url, token, and where given id or description
    runner: {url, token, id}        or all of it here

Found by `id` (`GET /api/v4/runners/:id`) or by its description: all pages of `GET /api/v4/runners/all` (needs an administrator or auditor) or,
where that is forbidden, of `GET /api/v4/runners`. The list has no `contacted_at`, so the details are read in any case.

Good needs everything to agree: `online` is true, `status` is "online", it is not paused, and `contacted_at` is a time that is not in the future
and, with `contacted_within`, recent enough. GitLab itself calls a runner online up to two hours after its last contact.
The token goes as the PRIVATE-TOKEN header and nowhere else.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from interlock.engine.checks.seen import BadSettings, Seen, Settings, read_settings, short
from interlock.model.units import format_duration, parse_duration
from interlock.world import World

_PAGES = 100
_PER_PAGE = 100
_CLOCK_SKEW = timedelta(minutes=5)
_REASONS = {
    401: "the token is not valid",
    403: "the token may not read runners",
    404: "no such runner, or no GitLab at this address",
    429: "too many requests",
}


class RunnerSettings(Settings):
    url: str
    token: str = ""
    id: int | None = None
    description: str = ""
    contacted_within: str = ""


class _NotGood(Exception):
    """An answer that is none; the message is the detail."""


def attempt(settings: Mapping[str, Any], timeout: float, world: World, runners: Mapping[str, Any]) -> Seen:
    """One look. Raises BadSettings, Unavailable, TimedOut."""
    wanted = read_settings(RunnerSettings, _with_runner(settings, runners))
    deadline = world.clock.monotonic() + timeout
    if urlsplit(wanted.url).scheme not in ("http", "https") or not urlsplit(wanted.url).netloc:
        raise BadSettings("url: must start with http:// or https:// and name a host")
    if wanted.id is None and not wanted.description:
        raise BadSettings("give the runner's name, description or id")
    try:
        limit = parse_duration(wanted.contacted_within) if wanted.contacted_within else None
    except ValueError as error:
        raise BadSettings(f"contacted_within: {error}") from None
    try:
        number = wanted.id if wanted.id is not None else _find(wanted, deadline, world)
        details = _get(wanted, f"/runners/{number}", deadline, world)[0]
        if not isinstance(details, dict) or details.get("id") != number:
            raise _NotGood("the answer is not that runner's details")
        return _judge(details, limit, world.clock.now())
    except _NotGood as reason:
        return Seen(False, str(reason))


def _with_runner(settings: Mapping[str, Any], runners: Mapping[str, Any]) -> dict[str, Any]:
    """The check's own settings over those of the named runner; what the runner has for other uses (its cache) is left out."""
    own = dict(settings)
    name = own.pop("name", None)
    if name is None:
        return own
    if not isinstance(name, str) or not isinstance(runners.get(name), Mapping):
        raise BadSettings(f"name: there is no runner '{short(name, 40)}' in organization.yaml")
    shared = {
        key: value for key, value in runners[name].items() if key in RunnerSettings.model_fields and value is not None
    }
    merged = {**shared, **own}
    if merged.get("id") is None:
        merged.setdefault("description", name)
    return merged


def _judge(details: Mapping[str, Any], limit: float | None, now: datetime) -> Seen:
    status, online = details.get("status"), details.get("online")
    if status != "online" or online is not True:
        text = f"status {short(status, 30)}" if isinstance(status, str) else "no status"
        return Seen(
            False,
            f"runner {details.get('id')}: {text}"
            + ("" if (online is True) == (status == "online") else f", but online is {short(online, 10)}"),
        )
    if details.get("paused") not in (None, False) or details.get("active") not in (None, True):
        return Seen(False, f"runner {details.get('id')} is online but paused")
    contacted = _time(details.get("contacted_at"))
    if contacted is None or contacted > now + _CLOCK_SKEW:
        return Seen(False, f"runner {details.get('id')}: status online, but no plausible contacted_at")
    age = max(0.0, (now - contacted).total_seconds())
    if limit is not None and age > limit:
        return Seen(
            False,
            f"runner {details.get('id')}: last contact {format_duration(age)} ago, more than {format_duration(limit)}",
        )
    return Seen(True, f"runner {details.get('id')} is online, last contact {format_duration(age)} ago")


def _find(wanted: RunnerSettings, deadline: float, world: World) -> int:
    """The id of the one runner of that description. Raises _NotGood for none and for several."""
    try:
        found = list(_listed(wanted, "/runners/all", deadline, world))
    except _Forbidden:
        found = list(_listed(wanted, "/runners", deadline, world))
    numbers = sorted(
        {r["id"] for r in found if r.get("description") == wanted.description and type(r.get("id")) is int}
    )
    if not numbers:
        raise _NotGood(f"no runner has the description '{short(wanted.description, 40)}'")
    if len(numbers) > 1:
        raise _NotGood(
            f"runners {', '.join(map(str, numbers))} share the description '{short(wanted.description, 40)}': give the id"
        )
    return int(numbers[0])


def _listed(wanted: RunnerSettings, path: str, deadline: float, world: World) -> Iterator[dict[str, Any]]:
    for page in range(1, _PAGES + 1):
        runners, following = _get(wanted, f"{path}?per_page={_PER_PAGE}&page={page}", deadline, world)
        if not isinstance(runners, list) or not all(isinstance(one, dict) for one in runners):
            raise _NotGood("the answer is not a list of runners")
        yield from runners
        if (
            not runners
            or (following is not None and not following.strip())
            or (following is None and len(runners) < _PER_PAGE)
        ):
            return
    raise _NotGood(f"more than {_PAGES * _PER_PAGE} runners: give the id")


class _Forbidden(_NotGood):
    pass


def _get(wanted: RunnerSettings, path: str, deadline: float, world: World) -> tuple[Any, str | None]:
    """Parsed JSON and the number of the next page. Raises _NotGood."""
    left = deadline - world.clock.monotonic()
    if left <= 0:
        raise _NotGood("no answer in time")
    headers = {"PRIVATE-TOKEN": wanted.token} if wanted.token else {}
    answer = world.http.request(
        "GET", f"{wanted.url.rstrip('/')}/api/v4{path}", headers=headers, timeout=left, limit=4_000_000
    )
    if answer.status != 200:
        refused = _Forbidden if answer.status == 403 else _NotGood
        raise refused(f"HTTP {answer.status}" + (f": {_REASONS[answer.status]}" if answer.status in _REASONS else ""))
    try:
        return json.loads(answer.body), answer.headers.get("x-next-page")
    except (ValueError, RecursionError):
        raise _NotGood("the answer is not JSON") from None


def _time(value: Any) -> datetime | None:
    try:
        parsed = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return parsed if parsed is not None and parsed.tzinfo is not None else None
