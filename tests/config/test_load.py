"""What valid files mean: pairs, their order, merging, discovery, includes, places, warnings."""

import datetime

import pytest
from config_cases import tree_of
from config_kinds import KINDS
from config_trees import FilesTree

from interlock.config.load import Configuration, load
from interlock.model.check import Check
from interlock.model.errors import ConfigurationError, NotFound

TODAY = datetime.date(2026, 1, 1)
TWO = "organization: {name: acme}\nenvironments: {staging: {zone: staging}, production: {after: staging}}\n"


def tree(files: dict[str, str]) -> FilesTree:
    return FilesTree({path: text.encode() for path, text in files.items()})


def folders(*names: str) -> dict[str, str]:
    return {f"{name}/outputs.txt": "id url" for name in names}


def read(interlock: str, *names: str, organization: str = TWO, **files: str) -> Configuration:
    return load(
        tree({"organization.yaml": organization, "interlock.yaml": interlock, **folders(*names), **files}), KINDS, TODAY
    )


def test_pairs_are_ordered_by_environment_then_name() -> None:
    found = load(tree_of({}), KINDS, TODAY)
    assert [pair.name for pair in found.pairs] == [
        "staging/app",
        "staging/network",
        "production/app",
        "production/network",
    ]
    app = found.pair("production", "app")
    assert app.depends_on == ("network",)
    assert app.variables == {"network_id": "${components.network.outputs.id}"}
    assert app.settings["path"] == "stacks/app"
    assert app.place == str(found.place("components", "app")).replace(":3:5", ":2:3")
    assert found.organization.name == "acme"
    assert found.teams == {"platform": ("ann@acme.example", "bob@acme.example")}
    assert found.runners == {"shared": {"url": "https://ci.acme.example", "cache": "attic"}}
    assert found.secrets == {"OPS_WEBHOOK": {"env": "OPS_WEBHOOK"}}


def test_environments_come_in_after_order_with_alphabetical_ties() -> None:
    text = "organization: {name: a}\nenvironments:\n  prod: {after: [eu, as]}\n  eu: {after: dev}\n  as: {after: dev}\n  dev:\n"
    assert [e.name for e in read("components: {}\n", organization=text).environments] == ["dev", "as", "eu", "prod"]


def test_an_environment_without_a_zone_is_production_and_approval_resolves_people() -> None:
    production = load(tree_of({}), KINDS, TODAY).environment("production")
    assert production.zone == "production"
    (rule,) = production.approvals
    assert (rule.teams, rule.members, rule.count, rule.self_approve) == (
        ("platform",),
        ("ann@acme.example", "bob@acme.example"),
        1,
        False,
    )


def test_no_approval_is_asked_unless_the_environment_asks() -> None:
    assert all(e.approvals == () for e in read("components: {}\n").environments)


def test_environments_present_means_exactly_those() -> None:
    found = read("components:\n  a: {kind: stack, path: a, environments: [production]}\n", "a")
    assert [pair.name for pair in found.pairs] == ["production/a"]


def test_per_environment_settings_replace_and_merge() -> None:
    text = """
components:
  a:
    kind: stack
    path: a
    backend_config: {bucket: b, key: staging}
    variables: {size: 1, tags: {x: 1}}
    checks: [{tcp: {host: h, port: 1}}]
    soak: 1m
    environments:
      staging:
      production:
        workspace: prod
        backend_config: {key: production}
        variables: {tags: {y: 2}}
        checks: []
        soak: 2m
"""
    found = read(text, "a")
    staging, production = found.pair("staging", "a"), found.pair("production", "a")
    assert (staging.settings["workspace"], production.settings["workspace"]) == ("default", "prod")
    assert staging.settings["backend_config"] == {"bucket": "b", "key": "staging"}
    assert production.settings["backend_config"] == {"bucket": "b", "key": "production"}
    assert staging.variables == {"size": 1, "tags": {"x": 1}}
    assert production.variables == {"size": 1, "tags": {"y": 2}}
    assert (len(staging.checks), production.checks) == (1, ())
    assert (staging.soak, production.soak) == (60.0, 120.0)


def test_references_of_the_environment_in_settings_are_resolved() -> None:
    text = 'components: {a: {kind: stack, path: "live/${environment.name}", workspace: "${environment.zone}-$${x}"}}\n'
    found = read(text, "live/staging", "live/production")
    assert found.pair("staging", "a").settings["path"] == "live/staging"
    assert found.pair("production", "a").settings["workspace"] == "production-${x}"


def test_discovery_names_components_by_what_the_wildcards_matched() -> None:
    found = read(
        "discover: stacks/*/*\ndefaults: {kind: stack}\n", "stacks/eu/app", "stacks/us/app", "stacks/us/.hidden"
    )
    assert list(found.components) == ["eu-app", "us-app"]
    assert found.pair("staging", "us-app").settings["path"] == "stacks/us/app"
    assert str(found.place("components", "us-app", "path")) == "interlock.yaml:1:11"


def test_discovery_takes_patterns_with_keys_and_exclusions_and_leaves_claimed_folders() -> None:
    text = """
discover:
  stacks/*: {kind: stack, variables: {size: 1}}
  "!stacks/old":
components:
  app: {variables: {more: 2}}
  renamed: {kind: stack, path: stacks/web}
"""
    found = read(text, "stacks/app", "stacks/old", "stacks/web", "stacks/group/only-below")
    assert list(found.components) == ["app", "renamed"]
    assert found.pair("staging", "app").variables == {"size": 1, "more": 2}


def test_a_folder_of_two_components_is_still_discovered_for_the_entry_of_its_name() -> None:
    text = "discover: stacks/*\ndefaults: {kind: stack}\ncomponents:\n  app: {variables: {a: 1}}\n  second: {path: stacks/app}\n"
    found = read(text, "stacks/app")
    assert {n: found.pair("staging", n).settings["path"] for n in found.components} == dict.fromkeys(
        ("app", "second"), "stacks/app"
    )


def test_double_star_finds_every_folder_with_files() -> None:
    found = read("discover: live/**\ndefaults: {kind: stack}\n", "live/a", "live/b/c")
    assert list(found.components) == ["a", "b-c"]


def test_defaults_are_refined_and_only_reach_kinds_that_have_the_key() -> None:
    text = """
defaults:
  kind: stack
  version: "1.12"
  variables: {region: eu, size: 1}
  environments:
    staging: {workspace: s}
    production: {workspace: p}
components:
  a: {path: a, variables: {size: 2}, environments: [staging]}
  b: {path: b}
  build: {kind: job, path: b, run: [make], environments: {production: }}
"""
    with pytest.raises(ConfigurationError, match="workspace"):
        read(text, "a", "b")  # `build` has production, whose defaults hold a key that jobs do not have
    found = read(
        text.replace("  build: {", "  x: {").replace("x: {kind: job, path: b, run: [make]", "x: {path: b"), "a", "b"
    )
    assert found.pair("staging", "a").variables == {"region": "eu", "size": 2}
    assert found.pair("staging", "a").settings["version"] == "1.12"
    assert found.pair("staging", "a").settings["workspace"] == "s"
    assert [p.name for p in found.pairs if p.component in "ax"] == ["staging/a", "production/x"]
    found = read("defaults: {version: x}\ncomponents: {b: {kind: job, path: b, run: [make]}}\n", "b")
    assert "version" not in found.pair("staging", "b").settings


def test_included_files_hold_components_beside_their_folder() -> None:
    part = "x-note: free\ncomponents:\n  b: {kind: stack}\n  c: {kind: stack, path: a, environments: [staging]}\n"
    found = read("include: 'stacks/*/interlock.yaml'\n", "a", **{"stacks/b/interlock.yaml": part})
    assert found.pair("staging", "b").settings["path"] == "stacks/b"
    assert found.files == ("organization.yaml", "interlock.yaml", "stacks/b/interlock.yaml")
    assert found.pair("staging", "b").place == "stacks/b/interlock.yaml:3:3"
    assert str(found.place("components", "c", "path")) == "stacks/b/interlock.yaml:4:26"


def test_checks_become_the_models() -> None:
    text = """
components:
  a:
    kind: stack
    path: a
    runner: shared
    checks:
    - http: {url: "${outputs.url}/health", status: 200, within: 2m, json: {"items[0].ok": true}}
    - tcp: {name: port, host: h, port: "${outputs.id}", successes: 3, failures: 2, interval: 500ms, timeout: 1s}
    - command: {run: [./smoke, --fast], environ: {TOKEN: "${secret:T}"}}
    - tcp: {address: "h:1"}
    - tcp: {address: "h:1"}
"""
    organization = TWO + "runners: {shared: {url: https://ci.example}}\nsecrets: {T: {command: [pass, t]}}\n"
    found = read(text, "a", organization=organization).pair("staging", "a").checks
    assert found[0] == Check(
        "http",
        "http ${outputs.url}/health",
        {"url": "${outputs.url}/health", "status": [200], "json": {"items[0].ok": True}},
        within=120.0,
    )
    assert found[1] == Check(
        "tcp",
        "port",
        {"host": "h", "port": "${outputs.id}"},
        timeout=1.0,
        interval=0.5,
        successes=3,
        failures=2,
    )
    assert found[2].settings == {"run": ["./smoke", "--fast"], "environ": {"TOKEN": "${secret:T}"}}
    assert [c.name for c in found[3:]] == ["tcp h:1", "tcp h:1 (2)", "runner shared"]
    assert found[5] == Check("runner", "runner shared", {"name": "shared"})


def test_an_expired_ignore_rule_is_a_warning() -> None:
    text = "components:\n  a:\n    kind: stack\n    path: a\n    ignore:\n    - {address: i.x, owner: o, reason: r, until: 2025-12-31}\n"
    found = read(text + "    - {address: i.y, owner: o, reason: r, until: 2026-01-01}\n", "a")
    (warning,) = found.warnings
    assert (str(warning.location), warning.slug, warning.severity) == ("interlock.yaml:6:50", "expired-rule", "warning")
    assert found.pair("staging", "a").ignore[0] == {
        "address": "i.x",
        "owner": "o",
        "reason": "r",
        "until": "2025-12-31",
    }


def test_x_keys_are_free_and_anchors_reach_from_there() -> None:
    found = read(
        "x-vars: &v {a: 1}\ncomponents: {a: {kind: stack, path: a, variables: *v}}\n",
        "a",
        organization=TWO + "x-y: 1\n",
    )
    assert found.pair("staging", "a").variables == {"a": 1}


def test_what_is_not_there_is_told_with_the_nearest_name() -> None:
    found = load(tree_of({}), KINDS, TODAY)
    with pytest.raises(NotFound, match="component 'ap'") as caught:
        found.pair("staging", "ap")
    assert caught.value.hint == "Did you mean 'app'?"
    with pytest.raises(NotFound, match="environment 'prod'"):
        found.pair("prod", "app")


def test_nothing_is_shared_with_what_was_loaded_before() -> None:
    first, second = load(tree_of({}), KINDS, TODAY), load(tree_of({}), KINDS, TODAY)
    assert first == second
