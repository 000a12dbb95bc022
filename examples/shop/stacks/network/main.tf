variable "environment" {
  type = string
}

variable "zones" {
  type = list(string)
}

resource "lab_item" "network" {
  collection = "${var.environment}-networks"
  name       = "network"
  size       = 65536
}

resource "lab_item" "subnet" {
  for_each = toset(var.zones)

  collection = "${var.environment}-subnets"
  name       = "subnet-${each.key}"
  zone       = each.key
  size       = 256
  labels     = { network = lab_item.network.id }
}

output "id" {
  value = lab_item.network.id
}
