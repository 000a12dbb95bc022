variable "environment" {
  type = string
}

variable "upstream" {
  type = string
}

module "service" {
  source = "../../modules/service"

  environment = var.environment
  name        = "edge"
  replicas    = 2
  config      = jsonencode({ upstream = var.upstream, timeout = 5 })
}

output "url" {
  value = module.service.url
}
