# A network whose machines need no address of their own.

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
  source = "../.."
  name   = "models"
  region = "us-central1"
  cidr   = "10.64.0.0/16"
  zones  = ["us-central1-a", "us-central1-b"]
  lean   = false
}

output "network" {
  value = module.network
}
