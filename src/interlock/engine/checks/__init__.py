"""Verification checks: does what was deployed work? Each is one attempt function; `run` repeats it and `judge` decides.

An attempt returns a `Seen`. Whatever is absent, slow, malformed or contradicts itself is not good; nothing here passes for lack of an answer.
"""

from interlock.engine.checks.run import Outside, run_check, run_checks, soak

__all__ = ["Outside", "run_check", "run_checks", "soak"]
