terraform {
  required_version = ">= 1.8"

  required_providers {
    lab = {
      source  = "registry.opentofu.org/interlock/lab"
      version = "~> 0.1"
    }
  }
}
