"""One report with everything in it: what the expected texts in cases/report show, at every width and in every form."""

import json
from typing import Any

from interlock.model.change import Action, Change, Note, OutputChange, Undo, masked, unknown
from interlock.model.errors import Location, Problem
from interlock.model.plan import Blob, Direction, Plan, Planned, Tool, sort_changes
from interlock.model.report import LeftOut, PlanEntry, PlanReport

BLOB = Blob("0" * 64, 10)
COMMIT = "3f9c2ab1" * 5


def plan(
    component: str,
    environment: str,
    changes: list[Change],
    outputs: tuple[OutputChange, ...] = (),
    found: tuple[Change, ...] = (),
    notes: tuple[Note, ...] = (),
    direction: Direction = Direction.DEPLOY,
) -> Plan:
    tool = Tool("tofu", "1.12.6", {"lab": "1.0"})
    planned = Planned(sort_changes(changes), {"serial": 4}, tool, BLOB, outputs, found, notes)
    return Plan(
        "p-3f9k", component, environment, "opentofu", direction, COMMIT, "a" * 40, planned, BLOB, BLOB, "i" * 64
    )


BEFORE: dict[str, Any] = {
    "name": "web",
    "zone": "eu-central-1a",
    "size": 2,
    "id": "i-0a1b2c",
    "password": masked("a" * 64),
    "token": masked("b" * 64),
    "tags": {"team": "platform", "env": "staging", "app.kubernetes.io/name": "web"},
    "rule": [
        {"name": "http", "port": 80, "cidrs": ["10.0.0.0/8"]},
        {"name": "https", "port": 443, "cidrs": ["10.0.0.0/8"]},
    ],
    "user_data": "#cloud-config\npackages:\n  - nginx\n  - curl\nruncmd:\n  - systemctl enable nginx\n  - echo ready\n",
    "image": "registry.example/acme/web@sha256:" + "ab12" * 16,
    "endpoint": "http://10.0.0.7:8080",
}
AFTER: dict[str, Any] = {
    **BEFORE,
    "zone": "eu-central-1b",
    "size": 4,
    "id": unknown(),
    "password": masked("c" * 64),
    "tags": {"team": "platform", "env": "staging", "app.kubernetes.io/name": "web", "cost-center": "4711"},
    "rule": [
        {"name": "ssh", "port": 22, "cidrs": ["192.168.1.0/24"]},
        {"name": "http", "port": 8080, "cidrs": ["10.0.0.0/8", "172.16.0.0/12"]},
        {"name": "https", "port": 443, "cidrs": ["10.0.0.0/8"]},
    ],
    "user_data": "#cloud-config\npackages:\n  - nginx\n  - jq\n  - curl\nruncmd:\n  - systemctl enable nginx\n  - echo ready now\n",
    "image": "registry.example/acme/web@sha256:" + "ab12" * 8 + "ff00" * 8,
    "endpoint": unknown(),
}


def policy(*actions: str) -> str:
    return json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": "*"}]}
    )


NETWORK = [
    Change(
        "lab_item.gateway",
        Action.CREATE,
        after={"name": "gateway", "size": 1, "id": unknown(), "tags": {"team": "platform"}},
    ),
    Change(
        "lab_item.network",
        Action.UPDATE,
        before={"name": "net", "cidr": "10.0.0.0/16", "policy": policy("s3:Get*")},
        after={"name": "net", "cidr": "10.0.0.0/12", "policy": policy("s3:Get*", "s3:List*")},
    ),
]
OUTPUTS = (
    OutputChange("gateway_id", Action.CREATE, None, unknown()),
    OutputChange("cidr", Action.UPDATE, "10.0.0.0/16", "10.0.0.0/12"),
    OutputChange("admin_password", Action.UPDATE, masked("1" * 64), masked("2" * 64), True),
)
ENTRIES = (
    PlanEntry(
        "network",
        "staging",
        "opentofu",
        ("own file stacks/network/main.tf", "module chain stacks/network → modules/net"),
        plan("network", "staging", NETWORK, OUTPUTS),
        seconds=1.24,
    ),
    PlanEntry(
        "web",
        "staging",
        "opentofu",
        ("module chain stacks/web → modules/server → modules/base",),
        plan(
            "web",
            "staging",
            [
                Change(
                    "lab_item.web",
                    Action.REPLACE,
                    before=BEFORE,
                    after=AFTER,
                    replace_paths=(("zone",),),
                    undo=Undo.LOSSY,
                    undo_reason="replacing back makes a new, empty item: what 'web' holds is gone",
                ),
                Change(
                    'module.dns.lab_item.record["www"]',
                    Action.MOVE,
                    before={"a": 1},
                    after={"a": 1},
                    previous_address="lab_item.record",
                ),
                Change(
                    "lab_item.legacy",
                    Action.IMPORT,
                    before={"a": 1},
                    after={"a": 1},
                    importing="i-77",
                    undo=Undo.IRREVERSIBLE,
                    undo_reason="an import cannot be taken back without forgetting what existed before",
                ),
                Change(
                    "lab_item.old",
                    Action.DELETE,
                    before={"name": "old", "data": "x"},
                    undo=Undo.LOSSY,
                    undo_reason="undoing makes a new, empty one",
                ),
                Change(
                    "lab_item.gone",
                    Action.FORGET,
                    before={"name": "gone"},
                    undo=Undo.IRREVERSIBLE,
                    undo_reason="what is forgotten is no longer known, so it cannot be found again",
                ),
                Change("data.lab_item.lookup", Action.READ),
            ],
            found=(Change("lab_item.web", Action.UPDATE, before={"size": 3}, after={"size": 2}),),
            notes=(
                Note("ignored-changes", 'differs, but ignore_changes hides it: tags["touched"]', "lab_item.web"),
                Note("deprecated", "attribute 'colour' is deprecated: use color", "lab_item.web", "warning"),
            ),
        ),
        seconds=12.6,
        blocked=("approval by 1 of team platform",),
    ),
    PlanEntry(
        "app",
        "staging",
        "opentofu",
        ("dependency network will be deployed",),
        deferred=("components.network.outputs.gateway_id",),
        conditional=True,
    ),
    PlanEntry(
        "db",
        "staging",
        "opentofu",
        ("own file stacks/db/main.tf",),
        error='tofu plan failed: Error: Reference to undeclared resource\n\n  on main.tf line 12, in resource "lab_item" "db":\n'
        "  12:   name = lab_item.nope.name\n\n"
        'A managed resource "lab_item" "nope" has not been declared in the root module.',
        error_hint="see the whole log with: interlock logs db --env staging",
        seconds=0.8,
    ),
    PlanEntry(
        "cache",
        "staging",
        "opentofu",
        ("configuration key components.cache.variables",),
        plan("cache", "staging", []),
        seconds=0.7,
    ),
    PlanEntry(
        "network",
        "production",
        "opentofu",
        ("own file stacks/network/main.tf", "module chain stacks/network → modules/net"),
        plan("network", "production", NETWORK, OUTPUTS),
        seconds=1.1,
        blocked=("approval by 1 of team platform", "environment staging verified"),
    ),
    PlanEntry(
        "search",
        "production",
        "opentofu",
        ("removed from interlock.yaml",),
        plan(
            "search",
            "production",
            [
                Change(
                    "lab_item.search",
                    Action.DELETE,
                    before={"name": "old", "data": "x"},
                    undo=Undo.LOSSY,
                    undo_reason="undoing makes a new, empty one",
                )
            ],
            direction=Direction.REMOVE,
        ),
        seconds=1.1,
    ),
)
REPORT = PlanReport(
    COMMIT,
    "77aa12bc" * 5,
    False,
    ENTRIES,
    (
        LeftOut("mail", "staging", "no file that it reads changed"),
        LeftOut("mail", "production", "no file that it reads changed"),
        LeftOut("backup", "production", "not for this environment"),
    ),
    (
        Problem(
            Location("interlock.yaml", 12, 5),
            "unused-variable",
            "variable 'zone' of component 'web' is used by no file",
            hint="remove it",
            severity="warning",
        ),
    ),
)
