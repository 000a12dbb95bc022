"""organization.yaml: who and where. One frozen model per section; what refers to what is checked by `references`."""

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from interlock.config.types import (
    Count,
    Duration,
    Empty,
    Flag,
    Given,
    Name,
    Names,
    Number,
    SecretName,
    Section,
    Text,
    Url,
)


class Organization(Section):
    name: Name = Field(
        description="Name of the organization; with the repository's first commit it names the data folder."
    )


class Team(Section):
    members: tuple[Text, ...] = Field(description="E-mail addresses of the people in the team, as Git knows them.")


class Approval(Section):
    teams: Names = Field(default=(), description="Teams whose members may approve; one name or a list.")
    count: Count = Field(default=1, description="How many different people must approve. 0 asks for nobody.")
    self_approve: Flag = Field(
        default=False, description="Whether someone who wrote one of the commits may approve them."
    )


class CredentialSet(Section):
    secrets: dict[Text, SecretName] = Field(
        default_factory=dict, description="Environment variable → name of the secret that it gets."
    )
    inherit: tuple[Text, ...] = Field(
        default=(), description="Environment variables passed through from the process that runs Interlock."
    )
    expect: dict[Text, str] = Field(
        default_factory=dict, description="Environment variable → the value it must have; checked before anything runs."
    )


class EnvironmentCredentials(Section):
    plan: Annotated[CredentialSet, Empty] = Field(
        default=CredentialSet(), description="What programs get while planning: rights to read suffice."
    )
    apply: Annotated[CredentialSet, Empty] = Field(
        default=CredentialSet(), description="What programs get while applying."
    )


class Environment(Section):
    zone: Literal["development", "staging", "production"] = Field(
        default="production", description="Sets the defaults of the environment; without it the strictest, production."
    )
    after: Names = Field(
        default=(), description="Environments that must be verified before this one is planned; one name or a list."
    )
    approval: Annotated[Approval | None, Given] = Field(
        default=None, description="Who must approve. Absent: nobody is asked."
    )
    on_failure: Literal["rollback", "stop"] = Field(
        default="rollback", description="What a failed step does: undo what the deployment applied here, or only stop."
    )
    soak: Duration = Field(
        default=0.0, description="How long all checks must hold before the environment counts as verified."
    )
    credentials: Annotated[EnvironmentCredentials, Empty] = Field(
        default=EnvironmentCredentials(),
        description="What programs get beside the allow-listed environment variables.",
    )


class Runner(Section):
    url: Url = Field(description="Address of the server that the runner is registered with.")
    cache: Annotated[Name | None, Given] = Field(default=None, description="The cache that the runner uses.")
    id: Annotated[Number | None, Given] = Field(default=None, description="The runner's number on that server.")
    description: Annotated[Text | None, Given] = Field(
        default=None, description="The runner's description on that server; without it and `id` the name here."
    )
    token: Annotated[str | None, Given] = Field(
        default=None, description="Token that may read the runner's status, as a reference: `${secret:NAME}`."
    )


class Cache(Section):
    url: Url = Field(description="Address of the cache.")


class Notification(Section):
    url: Text = Field(
        description="Where to send, in the form of apprise (slack://…, mailto://…); tokens as references: `${secret:NAME}`."
    )
    on: tuple[Literal["failed", "blocked", "rolled_back", "drift"], ...] = Field(
        default=("failed", "blocked", "rolled_back", "drift"), description="Events that are sent; absent: all."
    )


class Secret(Section):
    """Exactly one source."""

    env: Annotated[SecretName | None, Given] = Field(
        default=None, description="Environment variable that holds the value."
    )
    file: Annotated[Text | None, Given] = Field(
        default=None, description="File that holds the value; a last line break is dropped."
    )
    command: Annotated[tuple[Text, ...] | None, Given] = Field(
        default=None, min_length=1, description="Program and arguments that print the value on standard output."
    )

    @model_validator(mode="after")
    def _one_source(self) -> "Secret":
        if sum(source is not None for source in (self.env, self.file, self.command)) != 1:
            raise PydanticCustomError("secret-source", "needs exactly one of env, file and command")
        return self

    def source(self) -> dict[str, Any]:
        """`{"env": NAME}`, `{"file": PATH}` or `{"command": [ARGUMENT...]}`."""
        return self.model_dump(mode="json", exclude_none=True)


class Sections(Section):
    """The sections that can stand alone."""

    environments: dict[Name, Annotated[Environment, Empty]] = Field(default_factory=dict)
    runners: dict[Name, Runner] = Field(default_factory=dict)
    notifications: dict[Name, Notification] = Field(default_factory=dict)


class OrganizationFile(Section):
    organization: Organization = Field(description="The organization itself.")
    teams: dict[Name, Team] = Field(default_factory=dict, description="Groups of people, by name, for approvals.")
    environments: dict[Name, Annotated[Environment, Empty]] = Field(
        min_length=1, description="Where components are deployed, by name."
    )
    runners: dict[Name, Runner] = Field(default_factory=dict, description="CI runners, by name, that checks ask about.")
    caches: dict[Name, Cache] = Field(default_factory=dict, description="Caches, by name, that runners use.")
    notifications: dict[Name, Notification] = Field(
        default_factory=dict, description="Channels, by name, that are told of events."
    )
    secrets: dict[SecretName, Secret] = Field(
        default_factory=dict,
        description="Where each secret comes from, by the name that `${secret:NAME}` uses. Never a value.",
    )
