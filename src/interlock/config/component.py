"""interlock.yaml: what. The keys that components of every kind share; the kind's own keys are validated by `Kind.settings`.

`settings` of the models below collects every key that is not common: the loader hands them to the kind.
"""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from interlock.config.checks import CheckEntry
from interlock.config.types import Date, Duration, Empty, Given, Name, Names, Section, Text

COMMON = frozenset({"kind", "depends_on", "environments", "variables", "checks", "soak", "ignore", "runner"})
PER_ENVIRONMENT = frozenset({"variables", "checks", "soak"})  # beside every key of the kind


class IgnoreRule(Section):
    address: Text = Field(description="Address of the resource whose drift is ignored.")
    attribute: Annotated[Text | None, Given] = Field(
        default=None, description="The attribute that may drift; absent: the whole resource."
    )
    owner: Text = Field(description="Who answers for this rule.")
    reason: Text = Field(description="Why the difference is accepted.")
    until: Date = Field(description="Last day on which the rule holds, such as 2026-01-31.")


class _Kinds(BaseModel):
    """Frozen, and open: what is not common belongs to the kind."""

    model_config = ConfigDict(extra="allow", frozen=True)

    @property
    def settings(self) -> dict[str, Any]:
        return self.model_extra or {}


class Override(_Kinds):
    """What a component has otherwise in one environment, beside any key of its kind."""

    variables: dict[Text, JsonValue] = Field(
        default_factory=dict, description="Variables that replace those of the same name."
    )
    checks: Annotated[tuple[CheckEntry, ...] | None, Given] = Field(
        default=None, description="Checks that replace the component's."
    )
    soak: Annotated[Duration | None, Given] = Field(default=None, description="Replaces the component's soak.")


class Component(_Kinds):
    kind: Text = Field(description="What sort of thing it is; decides which other keys it may have.")
    depends_on: Names = Field(
        default=(), description="Components that must be verified first, and whose outputs it may use."
    )
    environments: Annotated[dict[Name, Annotated[Override, Empty]] | None, Given] = Field(
        default=None,
        description="Where it is deployed: a list of names, or name → what differs there. Absent: everywhere; present: exactly those.",
    )
    variables: dict[Text, JsonValue] = Field(
        default_factory=dict, description="Inputs by name; values may hold references."
    )
    checks: tuple[CheckEntry, ...] = Field(default=(), description="What must hold after an apply.")
    soak: Duration = Field(default=0.0, description="How long its checks must hold before it counts as verified.")
    ignore: tuple[IgnoreRule, ...] = Field(default=(), description="Drift that is accepted for a while.")
    runner: Annotated[Name | None, Given] = Field(
        default=None, description="The CI runner that it provides: short for a `runner` check of that name."
    )


class ComponentsFile(Section):
    """The top level of interlock.yaml, for schema and reference; `discover` reads each part with its place."""

    components: dict[Name, Any] = Field(default_factory=dict, description="Components by name.")
    discover: str | list[str] | dict[str, Any] = Field(
        default=[],
        description="Folders that are components: a pattern, a list of patterns, or pattern → keys for what it finds; `!pattern` leaves out.",
    )
    defaults: dict[str, Any] = Field(
        default_factory=dict,
        description="Keys that components have unless they say otherwise; a kind's key reaches components of that kind.",
    )
    include: str | list[str] = Field(
        default=[],
        description="Further files with `components:`, as paths or patterns; without a `path` a component there is its folder.",
    )
