# A door for one network.

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
  source          = "../.."
  name            = "models"
  vpc_id          = module.network.vpc_id
  subnets         = values(module.network.public_subnets)
  certificate_arn = aws_acm_certificate.door.arn
  allow_cidrs     = ["203.0.113.0/24"]
  machine_cidrs   = ["10.64.0.0/16"]
}

output "load_balancer" {
  value = module.load_balancer
}
