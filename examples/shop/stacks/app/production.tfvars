environment = "production"
replicas    = 3
