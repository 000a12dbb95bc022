"""Managed state: the HTTP state protocol of OpenTofu and Terraform, on loopback for one run."""
