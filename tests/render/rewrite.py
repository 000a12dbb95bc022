"""Writes the expected texts of the samples anew: `cd tests && python -m render.rewrite`."""

from . import test_report, test_run

if __name__ == "__main__":
    for name in test_report.FORMS:
        (test_report.CASES / name).write_text(test_report.shown(name), encoding="utf-8")
    for name, form in test_run.FORMS.items():
        (test_run.CASES / name).write_text(form(), encoding="utf-8")
