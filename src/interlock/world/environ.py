"""Which environment variables a program may see.

Outside development a child gets an allow-list, so that a plan made on a laptop and one made in CI see the same, and so that read-only
credentials are not joined by others that happen to be around. The development zone inherits everything but what bends the tool's behaviour behind our back.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from interlock.model.errors import CredentialsMissing
from interlock.model.manifest import Credentials
from interlock.world import Secrets

#: What every program may see: paths, locale, proxies, certificate authorities, the SSH agent, registry tokens and the tool's own configuration file.
_ALLOWED = re.compile(
    r"PATH|HOME|TMPDIR|LANG|LANGUAGE|LC_[A-Z]+"
    r"|https?_proxy|HTTPS?_PROXY|all_proxy|ALL_PROXY|no_proxy|NO_PROXY"
    r"|SSL_CERT_FILE|SSL_CERT_DIR|NIX_SSL_CERT_FILE|CURL_CA_BUNDLE|REQUESTS_CA_BUNDLE|GIT_SSL_CAINFO|GIT_SSL_CAPATH|AWS_CA_BUNDLE|NODE_EXTRA_CA_CERTS"
    r"|SSH_AUTH_SOCK|TF_TOKEN_\w+|TF_CLI_CONFIG_FILE"
)
#: Never passed on, not even in development: each changes what a tool does, or where, without being in the commit.
_NEVER = re.compile(
    r"TF_CLI_ARGS\w*|TF_WORKSPACE|TF_LOG\w*|TF_VAR_\w+|TF_DATA_DIR|TF_STATE_\w+|TF_IN_AUTOMATION|TF_REATTACH_PROVIDERS"
    r"|GIT_DIR|GIT_WORK_TREE|GIT_INDEX_FILE|GIT_OBJECT_DIRECTORY|GIT_ALTERNATE_OBJECT_DIRECTORIES|GIT_COMMON_DIR|GIT_NAMESPACE|GIT_PREFIX"
    r"|INTERLOCK_KEY|INTERLOCK_DATABASE_URL"
)
_CREDENTIAL = re.compile(
    r"AWS_\w+|GOOGLE_\w+|CLOUDSDK_\w+|GCLOUD_\w+|ARM_\w+|AZURE_\w+|AZ_\w+|ALICLOUD_\w+|DIGITALOCEAN_\w+|HCLOUD_\w+|OS_\w+|OCI_\w+|VAULT_\w+|CONSUL_\w+|NOMAD_\w+"
    r"|KUBECONFIG|KUBE_\w+|DOCKER_(?:CONFIG|AUTH\w*)|GITHUB_TOKEN|GITLAB_\w*TOKEN|CLOUDFLARE_\w+|PG(?:PASSWORD|PASSFILE|SERVICE)|LAB_\w+"
    r"|\w*(?:_TOKEN|_SECRET|_SECRET_\w+|_PASSWORD|_PASSWD|_API_KEY|_ACCESS_KEY|_PRIVATE_KEY|_CREDENTIALS?|_CREDENTIALS_\w+)"
)


@dataclass(frozen=True)
class ChildEnviron:
    """`environ` is exactly what the child gets; it may hold secrets, so it is not shown. `held_back` names credentials that were kept from it, sorted."""

    environ: dict[str, str] = field(repr=False)
    held_back: tuple[str, ...]


def base_environ(ambient: Mapping[str, str]) -> dict[str, str]:
    """The allow-list alone."""
    return {name: ambient[name] for name in sorted(ambient) if _ALLOWED.fullmatch(name)}


def child_environ(ambient: Mapping[str, str], zone: str, credentials: Credentials, secrets: Secrets) -> ChildEnviron:
    """Raises CredentialsMissing when a variable of `expect` has not the value it must have, one of `inherit` is not
    set, or one is named that no program may have; SecretUnresolved."""
    named = sorted({*credentials.secrets, *credentials.inherit})
    refused = [name for name in named if _NEVER.fullmatch(name) and not name.startswith("TF_VAR_")]
    if refused:
        raise CredentialsMissing(
            f"credentials name {', '.join(refused)}, which no program is ever given",
            hint="Say it in the component's own settings: what bends a tool's behaviour belongs in the commit",
            slug="credentials-refused",
        )
    environ = base_environ(ambient)
    if zone == "development":
        environ |= {name: ambient[name] for name in sorted(ambient) if not _NEVER.fullmatch(name)}
    for name in sorted(credentials.inherit):
        if name in ambient:
            environ[name] = ambient[name]
    given = {name: secrets.resolve(secret).reveal() for name, secret in sorted(credentials.secrets.items())}
    environ |= given
    _expect(environ, credentials, secrets)
    missing = [name for name in sorted(credentials.inherit) if name not in environ]
    if missing:
        raise CredentialsMissing(
            f"the environment's credentials inherit {', '.join(missing)}, which {'is' if len(missing) == 1 else 'are'} not set",
            hint="Set them where Interlock runs, or take them out of `inherit:`",
        )
    held_back = tuple(
        name
        for name in sorted(ambient)
        if name not in environ and _CREDENTIAL.fullmatch(name) and not _NEVER.fullmatch(name)
    )
    return ChildEnviron(environ, held_back)


def _expect(environ: Mapping[str, str], credentials: Credentials, secrets: Secrets) -> None:
    for name, wanted in sorted(credentials.expect.items()):
        value = environ.get(name)
        if value == wanted:
            continue
        found = "not set" if value is None else f"'{secrets.redact(value)}'" if _shown(name) else "another value"
        raise CredentialsMissing(
            f"{name} must be '{secrets.redact(wanted)}' here, and it is {found}",
            hint=f"Use the credentials for which `expect:` of this environment asks; set {name} accordingly, or name it under `inherit:`",
            slug="credentials-unexpected",
        )


def _shown(name: str) -> bool:
    """May an error show the variable's value? Not when its name says that it is a secret."""
    return not re.search(r"TOKEN|SECRET|PASS|KEY|CREDENTIAL", name)
