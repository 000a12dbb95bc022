"""OpenTofu and Terraform stacks. The wiring is in `kind`; importing this package costs nothing."""
