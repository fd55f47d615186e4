# GPU machines behind a balancer, one on demand and the others spot of two types, by the requests that they get.

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

resource "aws_acm_certificate" "door" {
  domain_name       = "models.example.com"
  validation_method = "DNS"

  lifecycle {
    create_before_destroy = true
  }
}

module "network" {
  source = "../../../network"
  name   = "models"
  cidr   = "10.64.0.0/16"
  zones  = ["us-east-1a", "us-east-1b"]
  lean   = true
}

module "load_balancer" {
  source          = "../../../load-balancer"
  name            = "models"
  vpc_id          = module.network.vpc_id
  subnets         = values(module.network.public_subnets)
  certificate_arn = aws_acm_certificate.door.arn
  allow_cidrs     = ["203.0.113.0/24"]
  machine_cidrs   = ["10.64.0.0/16"]
}

module "firewall" {
  source            = "../../../firewall"
  name              = "models"
  vpc_id            = module.network.vpc_id
  balancer_group_id = module.load_balancer.group_id
}

module "identity" {
  source = "../../../identity"
  name   = "models-us-east-1"
}

module "template" {
  source            = "../../../template"
  name              = "models"
  type              = "g5.xlarge"
  gpu               = true
  disk_gib          = 60
  security_group_id = module.firewall.group_id
  instance_profile  = module.identity.profile_name
  public            = true
}

module "scaling" {
  source              = "../.."
  name                = "models"
  template_id         = module.template.template_id
  template_version    = module.template.version
  types               = ["g5.xlarge", "g6.xlarge"]
  subnets             = values(module.network.public_subnets)
  least               = 1
  most                = 3
  on_demand_base      = 1
  on_demand_percent   = 0
  target_group_arns   = [module.load_balancer.target_group_arn]
  requests_per_minute = 8.4
  balancer_suffix     = module.load_balancer.balancer_suffix
  target_group_suffix = module.load_balancer.target_group_suffix
  tags = {
    team = "models"
  }
}

output "scaling" {
  value = module.scaling
}
