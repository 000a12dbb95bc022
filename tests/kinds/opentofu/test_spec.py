from pathlib import Path

import pytest
from pydantic import ValidationError

import interlock.kinds.opentofu
from interlock.kinds.opentofu.spec import OpenTofuSettings


def test_every_setting_is_described_here_and_in_the_readme() -> None:
    readme = (Path(interlock.kinds.opentofu.__file__).parent / "README.md").read_text(encoding="utf-8")
    for name, field in OpenTofuSettings.model_fields.items():
        assert field.description
        assert f"| `{name}` |" in readme


@pytest.mark.parametrize(
    "value", [{}, {"path": "a", "pth": "b"}, {"path": "a", "workspace": "a b"}, {"path": "a", "tool": "terragrunt"}]
)
def test_what_is_not_known_is_refused(value: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        OpenTofuSettings.model_validate(value)
