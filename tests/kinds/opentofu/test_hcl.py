"""The facts of one file, in both syntaxes; whatever the bytes, an answer."""

import json
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.kinds.opentofu.facts import ParsedFile, Reference
from interlock.kinds.opentofu.hcl import parse
from interlock.kinds.opentofu.module import is_override, loaded, suffix_of
from interlock.kinds.opentofu.reader import decode, encode
from interlock.kinds.opentofu.text import leaves, normal

NATIVE = rb"""
terraform {
  required_version = "~> 1.12"
  required_providers {
    aws = { source = "hashicorp/aws", version = ">= 5" }
    old = "~> 1"
  }
  backend "s3" {
    bucket = "b"
    key    = "${var.x}/k"
  }
}
module "a" {
  source = "./x"
}
locals {
  dir  = "${path.module}/../z"
  text = "a\tb\u00e9$${not}"
}
resource "aws_x" "y" {
  lifecycle {
    prevent_destroy = true
    ignore_changes  = [tags, tags["a"], "legacy"]
  }
}
resource "aws_x" "z" {
  lifecycle {
    prevent_destroy       = var.protected
    create_before_destroy = false
    ignore_changes        = all
  }
}
data "aws_d" "d" {}
output "o" {
  value     = 1
  sensitive = true
}
variable "v" {
  default = "x"
}
variable "w" {
  type      = string
  ephemeral = true
}
moved {
  from = aws_x.b
  to   = aws_x.y
}
provider "aws" {}
"""

AS_JSON = {
    "terraform": {
        "required_version": "~> 1.12",
        "required_providers": {"aws": {"source": "hashicorp/aws", "version": ">= 5"}, "old": "~> 1"},
        "backend": {"s3": {"bucket": "b", "key": "${var.x}/k"}},
    },
    "module": {"a": {"source": "./x"}},
    "locals": {"dir": "${path.module}/../z", "text": "a\tb\u00e9$${not}"},
    "resource": {
        "aws_x": {
            "y": {"lifecycle": {"prevent_destroy": True, "ignore_changes": ["tags", 'tags["a"]', "legacy"]}},
            "z": [
                {
                    "lifecycle": [
                        {
                            "prevent_destroy": "${var.protected}",
                            "create_before_destroy": False,
                            "ignore_changes": "all",
                        }
                    ]
                }
            ],
        }
    },
    "data": {"aws_d": {"d": {}}},
    "output": {"o": {"value": 1, "sensitive": True}},
    "variable": {"v": {"default": "x"}, "w": {"type": "string", "ephemeral": True}},
    "moved": [{"from": "aws_x.b", "to": "aws_x.y"}],
    "provider": {"aws": {}},
}


@pytest.mark.parametrize("syntax", ["native", "json"])
def test_the_facts_of_a_file(syntax: str) -> None:
    file = parse(NATIVE) if syntax == "native" else parse(json.dumps(AS_JSON).encode(), is_json=True)
    assert file.broken == 0
    assert [text for text, _ in file.required_versions] == ["~> 1.12"]
    assert file.required_providers == {
        "aws": {"source": "hashicorp/aws", "version": ">= 5"},
        "old": {"version": "~> 1"},
    }
    assert [(b.type, b.config, b.unresolved) for b in file.backends] == [("s3", {"bucket": "b"}, ("key",))]
    assert [(m.name, m.source) for m in file.modules] == [("a", ("./x",))]
    assert file.locals == {"dir": (Reference("path.module"), "/../z"), "text": ("a\tb\u00e9${not}",)}
    y, z, d = file.resources
    assert (y.address, y.prevent_destroy, y.ignore_changes) == ("aws_x.y", True, ("tags", 'tags["a"]', "legacy"))
    assert (z.address, z.prevent_destroy, z.create_before_destroy, z.ignore_changes) == (
        "aws_x.z",
        True,
        False,
        ("all",),
    )
    assert (d.address, d.prevent_destroy) == ("data.aws_d.d", None)
    assert [(o.name, o.sensitive) for o in file.outputs] == [("o", True)]
    assert [(v.name, v.has_default, v.ephemeral) for v in file.variables] == [("v", True, None), ("w", False, True)]
    assert file.refactorings == {"moved": 1}
    assert file.providers == ("aws",)
    assert decode(json.loads(json.dumps(encode(file)))) == file


def test_lines() -> None:
    file = parse(NATIVE)
    assert [m.line for m in file.modules] == [13]
    assert [r.line for r in file.resources] == [20, 26, 33]


@pytest.mark.parametrize(
    ("text", "line"),
    [('a = 1\nresource "x" {{\n', 2), ("}\n", 1), ('a = "open\n', 2), ("locals {\n a = file(\n}\n", 2)],
)
def test_what_cannot_be_parsed_is_flagged_with_its_line(text: str, line: int) -> None:
    assert parse(text.encode()).broken == line


@pytest.mark.parametrize("text", ["", "{", "[1]", "null", '"x"', "[" * 100_000, "\x00"])
def test_json_that_is_none(text: str) -> None:
    assert parse(text.encode(), is_json=True) == ParsedFile(broken=1)


@given(st.binary(max_size=300))
def test_any_bytes_give_an_answer(content: bytes) -> None:
    assert isinstance(parse(content), ParsedFile)
    assert isinstance(parse(content, is_json=True), ParsedFile)


WORDS = """
module "a" { } source = "./x" file( ) "${ }" path.module [ ] resource lifecycle terraform backend locals , var.x 1 - %{if for : # /* \\
"""
PIECES = st.sampled_from([*WORDS.split(), "\n", "<<EOT\n", "EOT\n", "ignore_changes"])


@given(st.lists(PIECES, max_size=40))
def test_any_mixture_of_the_language_gives_an_answer(pieces: list[str]) -> None:
    file = parse(" ".join(pieces).encode())
    assert decode(json.loads(json.dumps(encode(file)))) == file


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from(["", "${path.module}/x", "${", "%{if a}", '${file("a")}', "all"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from([*AS_JSON, "backend", "lifecycle", "ignore_changes", "source", "sensitive", "s3"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@given(JSON)
def test_any_json_gives_an_answer(document: object) -> None:
    file = parse(json.dumps(document).encode(), is_json=True)
    assert decode(json.loads(json.dumps(encode(file)))) == file


@pytest.mark.parametrize(
    ("tool", "expected"),
    [
        ("tofu", ["a.tofu", "b.tf.json", "c.tf", "override.tf", "z_override.tofu"]),
        ("terraform", ["a.tf", "b.tf.json", "c.tf", "override.tf"]),
        (None, ["a.tf", "a.tofu", "b.tf.json", "c.tf", "override.tf", "z_override.tofu"]),
    ],
)
def test_which_files_a_tool_loads(tool: str | None, expected: list[str]) -> None:
    names = (
        "z_override.tofu",
        "a.tf",
        "a.tofu",
        "b.tf.json",
        "c.tf",
        ".hidden.tf",
        "d.tf~",
        "#e.tf#",
        "x.tfvars",
        "override.tf",
        "f.tftest.hcl",
    )
    assert list(loaded(names, tool)) == expected


@given(st.text(string.ascii_lowercase + "./", max_size=12))
def test_normal_paths(path: str) -> None:
    found = normal(path)
    assert normal(found) == found
    assert leaves(found) == (found.startswith(("/", "../")) or found == "..")


def test_names() -> None:
    assert suffix_of("a.tofu.json") == ".tofu.json"
    assert not suffix_of("a.tfvars")
    assert is_override("override.tf.json")
    assert not is_override("overrides.tf")
