package main

import "os"

// Where a crash can be asked for, by the environment variable LAB_CRASH or by an item's name `crash-WHERE`.
const (
	crashPlan    = "plan"    // while a change is planned
	crashRead    = "read"    // while state is refreshed
	crashApply   = "apply"   // before the write is sent
	crashApplied = "applied" // after the server did the write, before tofu hears of it
)

// crashIfAsked ends this process the way a bug does: with a panic that tofu sees as a dead plugin.
func crashIfAsked(where, name string) {
	if os.Getenv("LAB_CRASH") == where || name == "crash-"+where {
		panic("lab provider: crash asked for at " + where)
	}
}
