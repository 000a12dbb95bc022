# Something that listens. Like any real service it answers its health check only when it can read its configuration.
resource "lab_item" "this" {
  collection = "${var.environment}-services"
  name       = var.name
  content    = var.config
  healthy    = can(jsondecode(var.config))

  labels = merge(var.labels, {
    environment = var.environment
  })

  settings = {
    tier     = "standard"
    replicas = var.replicas
    rules    = [{ port = 443, allow = true, note = "https" }]
  }
}
