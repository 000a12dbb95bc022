"""`http`: a request, and what the answer must be. Without an expectation of its own, any 2xx is good and all else is not.

    http: {url, method, headers, body, status, expect_headers, body_contains, body_matches, json}

- `status`: a number, "2xx", "200-299", or a list of these.
- `body` to send: text, or a list or map, which goes as JSON.
- `expect_headers`: name → exact value. `body_contains`: text or a list of texts. `body_matches`: a regular expression, searched for.
- `json`: path (see jsonpath) → the value that must stand there.
Redirects are not followed: the answer is judged, not where it points to. One megabyte of the body is read.
"""

import json as jsonlib
import re
from collections.abc import Mapping
from typing import Any

from pydantic import Field

from interlock.engine.checks import jsonpath
from interlock.engine.checks.seen import BadSettings, Seen, Settings, read_settings, short
from interlock.world import Response, World

_BODY_LIMIT = 1_000_000


class HttpSettings(Settings):
    url: str
    method: str = "GET"
    status: int | str | list[int | str] = "2xx"
    headers: dict[str, str] = Field(default_factory=dict)
    body: str | dict[str, Any] | list[Any] | None = None
    expect_headers: dict[str, str] = Field(default_factory=dict)
    body_contains: str | list[str] = Field(default_factory=list)
    body_matches: str | None = None
    json_: dict[str, Any] = Field(default_factory=dict, alias="json")


def attempt(settings: Mapping[str, Any], timeout: float, world: World) -> Seen:
    """One request. Raises BadSettings, Unavailable, TimedOut."""
    wanted = read_settings(HttpSettings, settings)
    if not re.match(r"https?://[^/\s]", wanted.url):
        raise BadSettings("url: must start with http:// or https:// and name a host")
    headers, body = dict(wanted.headers), None
    if isinstance(wanted.body, str):
        body = wanted.body.encode()
    elif wanted.body is not None:
        body = jsonlib.dumps(wanted.body).encode()
        if not any(name.lower() == "content-type" for name in headers):
            headers["Content-Type"] = "application/json"
    _compile(wanted)
    answer = world.http.request(
        wanted.method.upper(), wanted.url, headers=headers, body=body, timeout=timeout, limit=_BODY_LIMIT
    )
    return _judge(wanted, answer)


def _judge(wanted: HttpSettings, answer: Response) -> Seen:
    """Everything that differs from what was wanted, in one sentence."""
    faults = _cut_short(answer)
    if not _status_matches(wanted.status, answer.status):
        faults.append(f"expected {_text(wanted.status)}")
    for name, value in sorted(wanted.expect_headers.items()):
        found = answer.headers.get(name.lower())
        if found != value:
            faults.append(
                f"header {name} is {'absent' if found is None else repr(short(found))}, expected {short(value)!r}"
            )
    body = answer.body.decode("utf-8", "replace")
    needles = [wanted.body_contains] if isinstance(wanted.body_contains, str) else wanted.body_contains
    faults += [f"the body does not contain {short(needle)!r}" for needle in needles if needle not in body]
    if wanted.body_matches is not None and not re.search(wanted.body_matches, body):
        faults.append(f"the body does not match {short(wanted.body_matches)!r}")
    if wanted.json_:
        faults += _json_faults(wanted.json_, body)
    seen = f"HTTP {answer.status}"
    return Seen(not faults, f"{seen}: {'; '.join(faults)}" if faults else seen)


def _cut_short(answer: Response) -> list[str]:
    """An answer that promised more than came was cut: what came proves nothing."""
    promised = answer.headers.get("content-length", "")
    if not answer.body or not promised.isdigit() or len(answer.body) >= min(int(promised), _BODY_LIMIT):
        return []
    return [f"the answer was cut after {len(answer.body)} of {promised} bytes"]


def _json_faults(expected: Mapping[str, Any], body: str) -> list[str]:
    try:
        document = jsonlib.loads(body)
    except (ValueError, RecursionError):
        return ["the body is not JSON"]
    faults = []
    for path, value in sorted(expected.items()):
        try:
            found = jsonpath.get(document, path)
        except jsonpath.NoSuchValue as missing:
            faults.append(f"{path}: {missing}")
        else:
            if not jsonpath.equal(found, value):
                faults.append(f"{path} is {short(jsonlib.dumps(found))}, expected {short(jsonlib.dumps(value))}")
    return faults


def _compile(wanted: HttpSettings) -> None:
    """Find what can never match before the first request, because trying again cannot help. Raises BadSettings."""
    for one in wanted.status if isinstance(wanted.status, list) else [wanted.status]:
        _range(one)
    if wanted.status == []:
        raise BadSettings("status: an empty list allows nothing")
    try:
        re.compile(wanted.body_matches or "")
        for path in wanted.json_:
            jsonpath.parse(path)
    except (ValueError, re.error) as error:
        raise BadSettings(str(error)) from None


def _status_matches(wanted: int | str | list[int | str], status: int) -> bool:
    return any(status in _range(one) for one in (wanted if isinstance(wanted, list) else [wanted]))


def _range(wanted: int | str) -> range:
    text = str(wanted)
    if match := re.fullmatch(r"([1-5])xx", text):
        return range(int(match[1]) * 100, int(match[1]) * 100 + 100)
    if match := re.fullmatch(r"([1-5]\d\d)-([1-5]\d\d)", text):
        return range(int(match[1]), int(match[2]) + 1)
    if re.fullmatch(r"[1-5]\d\d", text):
        return range(int(text), int(text) + 1)
    raise BadSettings(f"status: '{short(text, 20)}' is not a status; write 200, '2xx', '200-299' or a list of these")


def _text(status: int | str | list[int | str]) -> str:
    return " or ".join(str(one) for one in status) if isinstance(status, list) else str(status)
