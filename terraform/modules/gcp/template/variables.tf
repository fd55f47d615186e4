# Written by `make modules` from the construct that the stacks use. Change that, not this.

variable "name" {
  description = "Begins the template's name. It is also the network tag that the firewall names."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]([a-z0-9-]{0,48}[a-z0-9])?$", var.name))
    error_message = "Must be 1 to 50 lower-case letters, digits or dashes, beginning with a letter and ending with none."
  }
}

variable "type" {
  description = "Machine type."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{1,5}(-[a-z0-9]{1,12}){1,4}$", var.type))
    error_message = "Must be a machine type like g2-standard-4."
  }
}

variable "arch" {
  description = "Architecture of the machine type; it decides the image."
  type        = string
  default     = "x86_64"
  nullable    = false

  validation {
    condition     = contains(["x86_64", "arm64"], var.arch)
    error_message = "Must be x86_64 or arm64."
  }
}

variable "gpu_kind" {
  description = "GPU of the machine, or null. N1 machines get it attached; every other series has it by its type."
  type        = string
  default     = null

  validation {
    condition = var.gpu_kind == null || try(contains([
      "T4",
      "L4",
      "A10G",
      "L40S",
      "A100-40",
      "A100-80",
      "H100",
    ], var.gpu_kind), false)
    error_message = "Must be T4 or L4 or A10G or L40S or A100-40 or A100-80 or H100."
  }

  validation {
    condition     = !startswith(var.type, "n1-") || var.gpu_kind == null || try(var.gpu_kind == "T4", false)
    error_message = "N1 machines have T4 or none."
  }
}

variable "gpu_count" {
  description = "How many, on an N1 machine."
  type        = number
  default     = 1
  nullable    = false

  validation {
    condition     = var.gpu_count >= 1 && var.gpu_count <= 16
    error_message = "Must be from 1 to 16."
  }
}

variable "disk_gib" {
  description = "Size of the disk. It is never smaller than the image needs."
  type        = number
  nullable    = false

  validation {
    condition     = var.disk_gib >= 1 && var.disk_gib <= 65536
    error_message = "Must be from 1 to 65536."
  }
}

variable "subnet_id" {
  description = "Subnet of the machines."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^projects/.+/subnetworks/.+$", var.subnet_id))
    error_message = "Must be projects/…/subnetworks/…."
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

variable "public" {
  description = "Whether machines get an external address; without NAT they need one."
  type        = bool
  default     = false
  nullable    = false
}

variable "spot" {
  description = "Spot: cheaper, and ended by Google whenever it likes."
  type        = bool
  default     = false
  nullable    = false
}

variable "user_data" {
  description = "What cloud-init does at the first boot, as base64."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9+/]*={0,2}$", var.user_data))
    error_message = "Must be base64."
  }
}

variable "labels" {
  description = "More labels on everything that takes labels."
  type        = map(string)
  default     = {}
  nullable    = false
}
