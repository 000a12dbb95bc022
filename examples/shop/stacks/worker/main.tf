variable "environment" {
  type = string
}

variable "network_id" {
  type = string
}

variable "database_url" {
  type = string
}

module "service" {
  source = "../../modules/service"

  environment = var.environment
  name        = "worker"
  replicas    = 2
  config      = jsonencode({ database = var.database_url, timeout = 5 })
  labels      = { network = var.network_id }
}

output "url" {
  value = module.service.url
}
