"""The documents that programs write, read strictly. README.md describes them for authors; the version is `PROTOCOL`.

Whatever is malformed, contradicts itself or answers another question than was asked is a `BadResult`: a program that cannot say what it did has not
done it. Messages name keys and addresses, never values: those may be secrets.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, NoReturn, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from interlock.model.digest import canonical

PROTOCOL = 1
RESULT_VARIABLE = "INTERLOCK_RESULT"
_LIMIT = 8_000_000
_WRITES = ("create", "update", "replace", "delete")
Target = Literal["spec", "nothing"]
Version = Annotated[int, Field(ge=PROTOCOL, le=PROTOCOL)]


class BadResult(ValueError):
    """The result of a program is absent, malformed or contradicts itself; the message says how."""


class _Document(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class ResultChange(_Document):
    address: str = Field(min_length=1, max_length=1000, pattern=r"^[^\x00-\x1f\x7f]+$")
    action: Literal["create", "update", "replace", "delete", "read", "none"]
    type: str = ""
    before: Any = None
    after: Any = None
    sensitive_paths: list[list[str | int]] = Field(default_factory=list)
    reason: str = ""
    undo: Literal["restorable", "lossy", "irreversible"] = "irreversible"
    undo_reason: str = "the program does not say how it is undone"

    @property
    def writes(self) -> bool:
        return self.action in _WRITES


class ResultOutput(_Document):
    """A value that a plan would publish. `before` and `after` absent (null) mean that there is none, or will be none."""

    before: Any = None
    after: Any = None
    sensitive: bool = False


class PlanResult(_Document):
    protocol: Version
    changes: list[ResultChange]
    base: dict[str, Any]
    target: Target = "spec"
    empty: bool = False
    outputs: dict[str, ResultOutput] = Field(default_factory=dict)

    @property
    def writing(self) -> tuple[str, ...]:
        return tuple(sorted(change.address for change in self.changes if change.writes))


class AppliedOutput(_Document):
    value: Any
    sensitive: bool = False


class ApplyResult(_Document):
    protocol: Version
    done: list[str] = Field(default_factory=list)
    outputs: dict[str, AppliedOutput] = Field(default_factory=dict)


class FoundProblem(_Document):
    file: str
    line: int = Field(default=0, ge=0)
    column: int = Field(default=0, ge=0)
    message: str = Field(min_length=1)
    hint: str | None = None
    severity: Literal["error", "warning"] = "error"


class CheckReport(_Document):
    protocol: Version
    problems: list[FoundProblem]


M = TypeVar("M", bound=_Document)


def read_json(path: Path) -> Any:
    """The one JSON document in `path`. Raises BadResult."""
    try:
        if path.is_symlink() or not path.is_file():
            raise BadResult(f"no result was written to the file that {RESULT_VARIABLE} names")
        if path.stat().st_size > _LIMIT:
            raise BadResult(f"the result is larger than {_LIMIT // 1_000_000} MB")
        value = json.loads(path.read_bytes(), object_pairs_hook=_once, parse_constant=_no_constant)
        canonical(value)  # refuses what JSON's grammar lets through: 1e999, half a surrogate pair
        return value
    except BadResult:
        raise
    except (ValueError, RecursionError, OSError):
        raise BadResult("the result is not one JSON document in UTF-8") from None


def _once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    if len({key for key, _ in pairs}) != len(pairs):
        raise BadResult("the result has a key twice")
    return dict(pairs)


def _no_constant(name: str) -> NoReturn:
    raise BadResult(f"the result holds {name}, which is not JSON")


def parse(model: type[M], value: Any) -> M:
    """Raises BadResult naming every key that is wrong."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        faults = {
            f"{'.'.join(map(str, e['loc'])) or 'the document'}: {e['msg']}"
            for e in error.errors(include_input=False, include_url=False)
        }
        raise BadResult("the result is malformed: " + "; ".join(sorted(faults)[:5])) from None


def parse_plan(value: Any, target: str, outputs: Sequence[str]) -> PlanResult:
    """A plan for `target` by a component that declares `outputs`. Raises BadResult."""
    plan = parse(PlanResult, value)
    if plan.target != target:
        raise BadResult(
            f"the result is a plan for target '{plan.target}', asked was '{target}': a program that can remove what it made says so by naming the target"
        )
    seen: set[str] = set()
    for change in plan.changes:
        if change.address in seen:
            raise BadResult(f"changes: '{change.address}' is there twice")
        seen.add(change.address)
        _consistent(change)
    if unknown := sorted(set(plan.outputs) - set(outputs)):
        raise BadResult(f"outputs: '{unknown[0]}' is not declared by the component")
    return plan


def parse_apply(value: Any, planned: Sequence[str], outputs: Sequence[str], *, publishes: bool) -> ApplyResult:
    """What was done of the addresses `planned`; with `publishes` every declared output must be there. Raises BadResult."""
    result = parse(ApplyResult, value)
    if strange := sorted(set(result.done) - set(planned)):
        raise BadResult(f"done: '{strange[0]}' is not a change of the plan")
    if unknown := sorted(set(result.outputs) - set(outputs)):
        raise BadResult(f"outputs: '{unknown[0]}' is not declared by the component")
    if publishes and (absent := sorted(set(outputs) - set(result.outputs))):
        raise BadResult(f"outputs: '{absent[0]}' is declared and was not published")
    return result


def _consistent(change: ResultChange) -> None:
    same = canonical(change.before) == canonical(change.after)  # in JSON 1 and true differ
    wrong = {
        "create": change.before is not None or change.after is None,
        "delete": change.before is None or change.after is not None,
        "update": change.before is None or change.after is None or same,
        "replace": change.before is None or change.after is None,
        "none": not same,
    }
    if wrong.get(change.action, False):
        raise BadResult(f"changes: '{change.address}' says {change.action}, which its before and after contradict")
    for path in change.sensitive_paths:
        if not path or not (leads(change.before, path) or leads(change.after, path)):
            raise BadResult(f"changes: a sensitive path of '{change.address}' leads to no value")


def leads(value: Any, path: Sequence[str | int]) -> bool:
    """Is there a value at `path`?"""
    for step in path:
        if isinstance(step, str) and isinstance(value, Mapping) and step in value:
            value = value[step]
        elif isinstance(step, int) and isinstance(value, list) and 0 <= step < len(value):
            value = value[int(step)]
        else:
            return False
    return True
