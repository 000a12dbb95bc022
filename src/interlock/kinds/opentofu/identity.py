"""Where a stack's state is, as text, and what it publishes: for finding two pairs on one state and references to outputs that no stack has.

Only the arguments that locate a state count (bucket and key, not credentials or timeouts), so no secret can be in the text.
"""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from pydantic import BaseModel

from interlock.kinds.opentofu.facts import Backend
from interlock.kinds.opentofu.module import Module
from interlock.kinds.opentofu.reader import READER, Reader
from interlock.kinds.opentofu.spec import OpenTofuSettings
from interlock.kinds.opentofu.text import join, normal
from interlock.model.errors import ConfigurationError, Location, Problem
from interlock.world.tree import Tree

#: Per backend the arguments that say where a state is. A backend that is not here counts every argument whose name does not sound like a credential.
LOCATING: Mapping[str, tuple[str, ...]] = {
    "azurerm": ("container_name", "key", "storage_account_name"),
    "cloud": ("hostname", "organization", "workspaces.name", "workspaces.project", "workspaces.tags"),
    "consul": ("address", "datacenter", "path"),
    "cos": ("bucket", "key", "prefix"),
    "gcs": ("bucket", "prefix"),
    "http": ("address",),
    "kubernetes": ("config_context", "host", "namespace", "secret_suffix"),
    "local": ("path", "workspace_dir"),
    "oss": ("bucket", "endpoint", "key", "prefix"),
    "pg": ("conn_str", "schema_name"),
    "remote": ("hostname", "organization", "workspaces.name", "workspaces.prefix"),
    "s3": ("bucket", "endpoint", "endpoints", "key", "workspace_key_prefix"),
}
_CREDENTIAL = ("access", "credential", "password", "private", "sas", "secret", "token")


def identity(settings: BaseModel, tree: Tree, component: str, environment: str, reader: Reader = READER) -> str:
    """`s3 bucket=b key=k workspace=default`, `local stacks/app/terraform.tfstate workspace=default`, `managed app/staging`.

    A locating argument that only a run can tell makes the text this pair's own: two states are not called one on a guess.
    """
    assert isinstance(settings, OpenTofuSettings)
    module = root_module(settings, tree, reader)
    if module.backend is None:
        return f"managed {component}/{environment}"
    _, backend = module.backend
    config: dict[str, Any] = {**backend.config, **settings.backend_config}
    unknown = [
        name for name in backend.unresolved if name not in settings.backend_config and _locates(backend.type, name)
    ]
    words = [backend.type]
    if backend.type == "local":
        words.append(normal(join(normal(settings.path), str(config.pop("path", "terraform.tfstate")))))
    words += [f"{name}={_shown(config[name])}" for name in sorted(config) if _locates(backend.type, name)]
    words.append(f"workspace={settings.workspace}")
    if unknown:
        words.append(f"({', '.join(unknown)} of {component}/{environment})")
    return " ".join(words)


def published(settings: BaseModel, tree: Tree, reader: Reader = READER) -> frozenset[str] | None:
    """Names of the root module's outputs; None when a file cannot be parsed."""
    assert isinstance(settings, OpenTofuSettings)
    module = root_module(settings, tree, reader)
    return None if module.broken else frozenset(module.outputs)


def root_module(settings: OpenTofuSettings, tree: Tree, reader: Reader = READER) -> Module:
    """The stack's own folder, merged. Where no tool is named, OpenTofu's view. Raises ConfigurationError when there is none."""
    folder = normal(settings.path)
    module = reader.survey(tree).module(folder, settings.tool or "tofu")
    if module is None:
        message = f"'{folder or '.'}' holds no configuration file"
        raise ConfigurationError((Problem(Location(folder or "."), "no-configuration", message, value=folder),))
    return module


def backend_of(settings: OpenTofuSettings, tree: Tree, reader: Reader = READER) -> tuple[str, Backend] | None:
    """(file, backend or cloud block) of the stack, None when its state is to be managed."""
    return root_module(settings, tree, reader).backend


def _locates(backend: str, name: str) -> bool:
    if backend in LOCATING:
        return name in LOCATING[backend]
    return not any(word in name for word in _CREDENTIAL)


def _shown(value: Any) -> str:
    if not isinstance(value, str):
        return json.dumps(value, sort_keys=True)
    if "://" not in value:
        return value
    parts = urlsplit(value)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], query=""))
