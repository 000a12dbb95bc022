"""What a user writes about a stack, beside the keys that all components have."""

from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class OpenTofuSettings(BaseModel):
    """Settings of one stack in one environment; every path is relative, with `/`, and stays in the repository."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str = Field(description="Folder of the stack (its root module), from the repository's root.")
    workspace: str = Field(
        default="default",
        min_length=1,
        pattern=r"^[A-Za-z0-9_.-]+$",
        description="Workspace of the stack's own backend. Managed state needs none: each environment has a state of its own.",
    )
    var_files: tuple[str, ...] = Field(
        default=(),
        description="Variable files, from the stack's folder; a later one wins, and `variables` win over all of them.",
    )
    backend_config: Mapping[str, str | bool | int] = Field(
        default_factory=dict, description="Values for the stack's partial backend block, such as `key`; never in argv."
    )
    version: str | None = Field(
        default=None,
        description="The tool's version: exact (`1.12.6`) or a constraint (`~> 1.12.0`, `>= 1.8, < 2`). "
        "Checked, beside the stack's own `required_version`, before anything runs.",
    )
    tool: Literal["tofu", "terraform"] | None = Field(
        default=None, description="Which program; by default `tofu` if it is there, else `terraform`."
    )
