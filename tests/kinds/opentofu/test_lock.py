from interlock.kinds.opentofu.lock import providers, with_missing

HEAD = b"# This file is maintained automatically.\n"


def entry(address: str, version: str) -> bytes:
    return f'\nprovider "{address}" {{\n  version     = "{version}"\n  constraints = "~> 1.0"\n  hashes = [\n    "h1:{version}=",\n  ]\n}}\n'.encode()


ONE = HEAD + entry("registry.opentofu.org/acme/one", "1.2.3")
TWO = HEAD + entry("registry.opentofu.org/acme/one", "9.9.9") + entry("registry.opentofu.org/acme/two", "2.0.0")


def test_providers() -> None:
    assert providers(TWO) == {"registry.opentofu.org/acme/one": "9.9.9", "registry.opentofu.org/acme/two": "2.0.0"}
    assert providers(b"") == {}
    assert providers(b"provider {") == {}


def test_only_missing_providers_are_added() -> None:
    assert providers(with_missing(ONE, TWO)) == {
        "registry.opentofu.org/acme/one": "1.2.3",
        "registry.opentofu.org/acme/two": "2.0.0",
    }
    assert with_missing(ONE, TWO).startswith(ONE.rstrip())
    assert with_missing(TWO, ONE) == TWO
    assert with_missing(ONE, b"") == ONE
    assert providers(with_missing(b"", ONE)) == providers(ONE)
