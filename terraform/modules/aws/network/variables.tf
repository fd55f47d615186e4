# Written by `make modules` from the construct that the stacks use. Change that, not this.

variable "name" {
  description = "Names the VPC and all in it."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,31}$", var.name))
    error_message = "Must be 1 to 32 lower-case letters, digits or dashes, beginning with a letter."
  }
}

variable "cidr" {
  description = "The VPC's range. Each zone gets a sixteenth of it for its public subnet, and one for its private subnet."
  type        = string
  nullable    = false

  validation {
    condition     = can(cidrnetmask(var.cidr)) && try(cidrsubnet(var.cidr, 0, 0), null) == var.cidr
    error_message = "Must be an IPv4 network in CIDR notation, such as 10.64.0.0/16, without host bits."
  }

  validation {
    condition     = try(tonumber(split("/", var.cidr)[1]) >= 16 && tonumber(split("/", var.cidr)[1]) <= 24, false)
    error_message = "Must be from /16 to /24."
  }

  validation {
    condition = anytrue([
      for supernet in ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"] :
      try(cidrhost("${split("/", var.cidr)[0]}/${split("/", supernet)[1]}", 0) == split("/", supernet)[0], false)
    ])
    error_message = "Must lie inside one of 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 100.64.0.0/10."
  }
}

variable "zones" {
  description = "Availability zones, in an order that stays: add at the end, because a zone's place decides its ranges."
  type        = list(string)
  nullable    = false

  validation {
    condition     = length(distinct(var.zones)) == length(var.zones) && length(var.zones) >= 1 && length(var.zones) <= 8
    error_message = "Must be 1 to 8, each of them once."
  }
}

variable "lean" {
  description = "Public subnets only: no NAT, endpoint or flow log, so nothing that costs while nobody uses it."
  type        = bool
  default     = false
  nullable    = false
}

variable "nat" {
  description = "`per_zone`: a gateway in each zone. `one`: a single gateway for all, which costs less and fails with its zone."
  type        = string
  default     = "per_zone"
  nullable    = false

  validation {
    condition     = contains(["per_zone", "one"], var.nat)
    error_message = "Must be per_zone or one."
  }
}

variable "tags" {
  description = "More tags on everything that takes tags."
  type        = map(string)
  default     = {}
  nullable    = false
}
