# Written by `make modules` from the construct that the stacks use. Change that, not this.

variable "name" {
  description = "Names the rules. It is also the network tag that machines carry."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]([a-z0-9-]{0,48}[a-z0-9])?$", var.name))
    error_message = "Must be 1 to 50 lower-case letters, digits or dashes, beginning with a letter and ending with none."
  }
}

variable "vpc_id" {
  description = "Id of the VPC."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^projects/.+/global/networks/.+$", var.vpc_id))
    error_message = "Must be projects/…/global/networks/…."
  }
}

variable "service_account" {
  description = "Email of the machines' service account."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^.+@.+$", var.service_account))
    error_message = "Must be an email."
  }
}

variable "allow_cidrs" {
  description = "Networks of users. Machines have no IPv6 address: its networks are left out."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition = alltrue([
      for network in var.allow_cidrs : try(cidrsubnet(network, 0, 0) == network && tonumber(split("/", network)[1]) >= (strcontains(network, ":") ? 16 : 8), false)
    ])
    error_message = "Must be networks in CIDR notation without host bits, /8 or smaller, IPv6 /16 or smaller: never 0.0.0.0/0."
  }
}

variable "service_cidrs" {
  description = "Networks of whoever watches the machines, or of a balancer's proxies."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition = alltrue([
      for network in var.service_cidrs : try(cidrsubnet(network, 0, 0) == network && tonumber(split("/", network)[1]) >= (strcontains(network, ":") ? 16 : 8), false)
    ])
    error_message = "Must be networks in CIDR notation without host bits, /8 or smaller, IPv6 /16 or smaller: never 0.0.0.0/0."
  }

  validation {
    condition = length([
      for network in concat(var.allow_cidrs, var.service_cidrs) : network if !strcontains(network, ":")
    ]) > 0
    error_message = "Some list must name an IPv4 network: Google reads a rule without a source as one that admits the world."
  }
}

variable "ssh_cidrs" {
  description = "Networks that may reach port 22; 35.235.240.0/20 is Google's own tunnel."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition = alltrue([
      for network in var.ssh_cidrs : try(cidrsubnet(network, 0, 0) == network && tonumber(split("/", network)[1]) >= (strcontains(network, ":") ? 16 : 8), false)
    ])
    error_message = "Must be networks in CIDR notation without host bits, /8 or smaller, IPv6 /16 or smaller: never 0.0.0.0/0."
  }
}
