# One to three machines on demand, by the load of their CPUs.

terraform {
  required_version = ">= 1.9"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }
}

provider "aws" {
  region = "us-east-1"
}

module "network" {
  source = "../../../network"
  name   = "models"
  cidr   = "10.64.0.0/16"
  zones  = ["us-east-1a", "us-east-1b"]
  lean   = true
}

module "firewall" {
  source      = "../../../firewall"
  name        = "models"
  vpc_id      = module.network.vpc_id
  allow_cidrs = ["203.0.113.0/24"]
}

module "identity" {
  source = "../../../identity"
  name   = "models-us-east-1"
}

module "template" {
  source            = "../../../template"
  name              = "models"
  type              = "m7i.large"
  gpu               = false
  disk_gib          = 30
  security_group_id = module.firewall.group_id
  instance_profile  = module.identity.profile_name
  public            = true
}

module "scaling" {
  source           = "../.."
  name             = "models"
  template_id      = module.template.template_id
  template_version = module.template.version
  types            = ["m7i.large"]
  subnets          = values(module.network.public_subnets)
  least            = 1
  most             = 3
}

output "scaling" {
  value = module.scaling
}
