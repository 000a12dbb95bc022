output "id" {
  description = "The service's id."
  value       = lab_item.this.id
}

output "url" {
  description = "Where it answers."
  value       = lab_item.this.endpoint
}
