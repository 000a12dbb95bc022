environment = "staging"
gigabytes   = 20
