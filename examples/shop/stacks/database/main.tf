variable "environment" {
  type = string
}

variable "password" {
  type      = string
  sensitive = true
}

variable "gigabytes" {
  type = number
}

resource "lab_item" "database" {
  collection = "${var.environment}-databases"
  name       = "orders"
  size       = var.gigabytes
  secret     = var.password

  lifecycle {
    prevent_destroy = true
  }
}

output "url" {
  value = lab_item.database.endpoint
}
