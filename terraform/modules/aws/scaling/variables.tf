# Written by `make modules` from the construct that the stacks use. Change that, not this.

variable "name" {
  description = "Name of the group and of its machines."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,63}$", var.name))
    error_message = "Must be 1 to 64 lower-case letters, digits or dashes, beginning with a letter."
  }
}

variable "template_id" {
  description = "Id of the launch template."
  type        = string
  nullable    = false
}

variable "template_version" {
  description = "Its version: a new one rolls the group."
  type        = string
  nullable    = false
}

variable "types" {
  description = "Machine types of one architecture, the preferred first. Several find spot where one is sold out."
  type        = list(string)
  nullable    = false

  validation {
    condition     = length(distinct(var.types)) == length(var.types) && length(var.types) >= 1 && length(var.types) <= 40
    error_message = "Must be 1 to 40, each of them once."
  }
}

variable "subnets" {
  description = "Ids of the subnets that machines are started in."
  type        = list(string)
  nullable    = false

  validation {
    condition     = alltrue([for subnet in var.subnets : can(regex("^subnet-[0-9a-f]{8,17}$", subnet))])
    error_message = "Must be ids of subnets."
  }
}

variable "least" {
  description = "Fewest machines."
  type        = number
  nullable    = false

  validation {
    condition     = var.least >= 0 && var.least <= 100
    error_message = "Must be from 0 to 100."
  }
}

variable "most" {
  description = "Most machines."
  type        = number
  nullable    = false

  validation {
    condition     = var.most >= 0 && var.most <= 100
    error_message = "Must be from 0 to 100."
  }

  validation {
    condition     = var.most >= var.least
    error_message = "Must not be less than `least`."
  }
}

variable "desired" {
  description = "Machines at first; null means the fewest. Later the load decides."
  type        = number
  default     = null

  validation {
    condition     = var.desired == null || try(var.desired >= 0 && var.desired <= 100, false)
    error_message = "Must be from 0 to 100."
  }
}

variable "on_demand_base" {
  description = "Machines that are on demand in any case."
  type        = number
  default     = 0
  nullable    = false

  validation {
    condition     = var.on_demand_base >= 0 && var.on_demand_base <= 100
    error_message = "Must be from 0 to 100."
  }
}

variable "on_demand_percent" {
  description = "Share of the rest that is on demand."
  type        = number
  default     = 100
  nullable    = false

  validation {
    condition     = var.on_demand_percent >= 0 && var.on_demand_percent <= 100
    error_message = "Must be from 0 to 100."
  }
}

variable "spot_max_usd" {
  description = "Most that an hour of spot may cost; null means the on-demand price."
  type        = string
  default     = null

  validation {
    condition     = var.spot_max_usd == null || can(regex("^[0-9]{1,4}(\\.[0-9]{1,6})?$", var.spot_max_usd))
    error_message = "Must be US dollars, such as 0.61."
  }
}

variable "spot_allocation" {
  description = "Which spot machines: those that are cut off least, or the cheapest of these."
  type        = string
  default     = "capacity-optimized"
  nullable    = false

  validation {
    condition     = contains(["capacity-optimized", "price-capacity-optimized"], var.spot_allocation)
    error_message = "Must be capacity-optimized or price-capacity-optimized."
  }
}

variable "boot_s" {
  description = "Seconds that a machine may take until it is ready."
  type        = number
  default     = 900
  nullable    = false

  validation {
    condition     = var.boot_s >= 60 && var.boot_s <= 7200
    error_message = "Must be from 60 to 7200."
  }
}

variable "target_group_arns" {
  description = "Target groups of a balancer. With any, it is the balancer that finds machines fit or not."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "cpu_percent" {
  description = "Load of the CPUs that the group is held at."
  type        = number
  default     = 70
  nullable    = false

  validation {
    condition     = var.cpu_percent >= 1 && var.cpu_percent <= 100
    error_message = "Must be from 1 to 100."
  }
}

variable "requests_per_minute" {
  description = "Instead, requests a minute for each machine; of use with a GPU, where the CPU idles."
  type        = number
  default     = null

  validation {
    condition     = var.requests_per_minute == null || try(var.requests_per_minute >= 1 && var.requests_per_minute <= 100000, false)
    error_message = "Must be from 1 to 100000."
  }
}

variable "balancer_suffix" {
  description = "ARN suffix of the balancer that counts the requests."
  type        = string
  default     = null

  validation {
    condition     = var.requests_per_minute == null || var.balancer_suffix != null
    error_message = "Must be given where `requests_per_minute` is."
  }
}

variable "target_group_suffix" {
  description = "ARN suffix of the target group."
  type        = string
  default     = null

  validation {
    condition     = var.requests_per_minute == null || var.target_group_suffix != null
    error_message = "Must be given where `requests_per_minute` is."
  }
}

variable "tags" {
  description = "More tags on everything that takes tags."
  type        = map(string)
  default     = {}
  nullable    = false
}
