variable "environment" {
  type = string
}

variable "replicas" {
  type = number
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
  name        = "app"
  replicas    = var.replicas
  config      = file("${path.module}/app.json")

  labels = {
    network  = var.network_id
    database = var.database_url
  }
}

output "url" {
  value = module.service.url
}
