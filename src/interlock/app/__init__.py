"""Use cases and wiring: what each command does, without a terminal. `build` is the one place that assembles."""
