variable "environment" {
  description = "Which environment the service runs in."
  type        = string
}

variable "name" {
  description = "Name of the service."
  type        = string
}

variable "replicas" {
  description = "How many of it run."
  type        = number
}

variable "config" {
  description = "The service's own configuration, a JSON document."
  type        = string
}

variable "labels" {
  description = "Labels beside the module's own."
  type        = map(string)
  default     = {}
}
