# Machines that one network may use.

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
  allow_cidrs     = ["203.0.113.0/24"]
}

output "firewall" {
  value = module.firewall
}
