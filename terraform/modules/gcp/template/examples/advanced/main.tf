# Spot machines with a start-up script and labels.

terraform {
  required_version = ">= 1.9"

  required_providers {
    google = {
      source  = "hashicorp/google"
      version = "~> 6.50"
    }
  }
}

provider "google" {
  project = "my-project"
  region  = "us-central1"
}

module "network" {
  source = "../../../network"
  name   = "models"
  region = "us-central1"
  cidr   = "10.64.0.0/16"
  zones  = ["us-central1-a", "us-central1-b"]
  lean   = true
}

module "identity" {
  source  = "../../../identity"
  name    = "models-us"
  project = "my-project"
}

module "firewall" {
  source          = "../../../firewall"
  name            = "models"
  vpc_id          = module.network.vpc_id
  service_account = module.identity.email
  allow_cidrs     = ["203.0.113.0/24"]
}

module "template" {
  source          = "../.."
  name            = "models"
  type            = "g2-standard-4"
  gpu_kind        = "L4"
  gpu_count       = 1
  disk_gib        = 60
  subnet_id       = module.network.public_subnets["us-central1-a"]
  service_account = module.identity.email
  public          = true
  spot            = true
  user_data       = base64encode("#!/bin/sh\necho started > /run/started\n")
  labels = {
    team = "models"
  }
}

output "template" {
  value = module.template
}
