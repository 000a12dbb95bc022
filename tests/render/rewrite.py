"""Writes the expected texts of the sample report anew: `cd tests && python -m render.rewrite`."""

from .test_report import CASES, FORMS, shown

if __name__ == "__main__":
    for name in FORMS:
        (CASES / name).write_text(shown(name), encoding="utf-8")
