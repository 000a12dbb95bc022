environment = "production"
gigabytes   = 200
