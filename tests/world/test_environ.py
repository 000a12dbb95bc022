"""Which variables a child gets, by zone and credentials."""

import pytest

from interlock.model.digest import Keyed
from interlock.model.errors import CredentialsMissing
from interlock.model.manifest import Credentials
from interlock.world.environ import child_environ
from interlock.world.secrets import SecretStore

ALLOWED = [
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "HTTPS_PROXY",
    "no_proxy",
    "SSL_CERT_FILE",
    "SSH_AUTH_SOCK",
    "TF_TOKEN_app_terraform_io",
    "TF_CLI_CONFIG_FILE",
]
NEVER = [
    "TF_CLI_ARGS",
    "TF_CLI_ARGS_plan",
    "TF_WORKSPACE",
    "TF_LOG",
    "TF_LOG_PATH",
    "TF_VAR_region",
    "TF_DATA_DIR",
    "GIT_DIR",
    "INTERLOCK_KEY",
]
CREDENTIALS = ["AWS_PROFILE", "ARM_CLIENT_SECRET", "GOOGLE_CREDENTIALS", "DEPLOY_TOKEN", "LAB_TOKEN"]
AMBIENT = {name: f"value of {name}" for name in [*ALLOWED, *NEVER, *CREDENTIALS, "EDITOR"]}
SECRETS = SecretStore({"KEY": {"env": "AMBIENT_KEY"}}, {"AMBIENT_KEY": "s3cr3t-value"}, Keyed(b"k" * 32))


@pytest.mark.parametrize("zone", ["staging", "production"])
def test_the_allow_list(zone: str) -> None:
    child = child_environ(AMBIENT, zone, Credentials(), SECRETS)
    assert sorted(child.environ) == sorted(ALLOWED)
    assert child.held_back == tuple(sorted(CREDENTIALS))
    assert "value of" not in repr(child)


def test_development_inherits_the_rest() -> None:
    child = child_environ(AMBIENT, "development", Credentials(), SECRETS)
    assert sorted(child.environ) == sorted([*ALLOWED, *CREDENTIALS, "EDITOR"])
    assert child.held_back == ()


def test_credentials_are_added() -> None:
    credentials = Credentials(
        secrets={"LAB_TOKEN": "KEY"}, inherit=("AWS_PROFILE",), expect={"AWS_PROFILE": "value of AWS_PROFILE"}
    )
    child = child_environ(AMBIENT, "production", credentials, SECRETS)
    assert (child.environ["LAB_TOKEN"], child.environ["AWS_PROFILE"]) == ("s3cr3t-value", "value of AWS_PROFILE")
    assert child.held_back == tuple(sorted({*CREDENTIALS} - {"LAB_TOKEN", "AWS_PROFILE"}))


@pytest.mark.parametrize(
    ("credentials", "slug", "says"),
    [
        (
            Credentials(inherit=("AWS_PROFILE",), expect={"AWS_PROFILE": "prod"}),
            "credentials-unexpected",
            "must be 'prod'",
        ),
        (Credentials(expect={"AWS_PROFILE": "prod"}), "credentials-unexpected", "not set"),
        (
            Credentials(secrets={"AWS_TOKEN": "KEY"}, expect={"AWS_TOKEN": "other"}),
            "credentials-unexpected",
            "another value",
        ),
        (Credentials(inherit=("NOT_THERE",)), "credentials-missing", "NOT_THERE"),
        (Credentials(inherit=("TF_CLI_ARGS",)), "credentials-refused", "TF_CLI_ARGS"),
    ],
)
def test_what_is_wrong_is_told(credentials: Credentials, slug: str, says: str) -> None:
    with pytest.raises(CredentialsMissing) as caught:
        child_environ(AMBIENT, "production", credentials, SECRETS)
    assert caught.value.slug == slug
    assert says in caught.value.message
    assert "s3cr3t" not in str(caught.value)


def test_a_secret_that_is_expected_is_not_printed() -> None:
    SECRETS.resolve("KEY")
    with pytest.raises(CredentialsMissing) as caught:
        child_environ({}, "production", Credentials(expect={"X": "s3cr3t-value"}), SECRETS)
    assert "s3cr3t" not in str(caught.value)
