# Written by `make modules` from the construct that the stacks use. Change that, not this.

output "address" {
  description = "DNS name of the balancer, for an alias record."
  value       = aws_lb.this.dns_name
}

output "zone_id" {
  description = "Zone of that name, for the same."
  value       = aws_lb.this.zone_id
}

output "group_id" {
  description = "Security group of the balancer: what the machines' firewall admits."
  value       = aws_security_group.balancer.id
}

output "target_group_arn" {
  description = "Target group: where a scaling group puts its machines."
  value       = aws_lb_target_group.this.arn
  depends_on  = [aws_lb_listener.this]
}

output "balancer_suffix" {
  description = "What CloudWatch calls the balancer."
  value       = aws_lb.this.arn_suffix
}

output "target_group_suffix" {
  description = "What CloudWatch calls the target group."
  value       = aws_lb_target_group.this.arn_suffix
}
