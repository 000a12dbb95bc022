environment = "staging"
zones       = ["a"]
