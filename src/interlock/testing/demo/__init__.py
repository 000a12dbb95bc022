"""The demo: the story of one repository, told while it really happens. `make demo` runs it; nothing in it is played.

`stage` sets up a Git repository, a lab cloud and the environment of a person's shell; `witness` asks the lab cloud what happened;
`story` is what is done and told, chapter by chapter, each ending with what the lab cloud's journal says of it.
"""
