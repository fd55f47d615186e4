# Instances that write logs.

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

module "identity" {
  source  = "../.."
  name    = "models-us"
  project = "my-project"
}

output "identity" {
  value = module.identity
}
