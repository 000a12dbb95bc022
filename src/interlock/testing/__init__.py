"""The public test kit: real programs and a cloud of our own to run them against."""
