environment = "production"
zones       = ["a", "b"]
