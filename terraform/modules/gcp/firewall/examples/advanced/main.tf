# Machines behind a balancer, whose operators come through Google's tunnel.

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
  source          = "../.."
  name            = "models"
  vpc_id          = module.network.vpc_id
  service_account = module.identity.email
  allow_cidrs     = []
  service_cidrs   = ["130.211.0.0/22", "35.191.0.0/16"]
  ssh_cidrs       = ["35.235.240.0/20"]
}

output "firewall" {
  value = module.firewall
}
