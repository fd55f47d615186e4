# A door for two networks with a certificate of one's own.

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
  allow_cidrs     = []
  service_cidrs   = ["130.211.0.0/22", "35.191.0.0/16"]
}

module "template" {
  source          = "../../../template"
  name            = "models"
  type            = "g2-standard-4"
  gpu_kind        = "L4"
  gpu_count       = 1
  disk_gib        = 60
  subnet_id       = module.network.public_subnets["us-central1-a"]
  service_account = module.identity.email
  public          = true
}

module "scaling" {
  source      = "../../../scaling"
  name        = "models"
  region      = "us-central1"
  zones       = ["us-central1-a", "us-central1-b"]
  template_id = module.template.template_id
  disk_gib    = 60
  least       = 1
  most        = 3
  signal      = "requests"
}

module "load_balancer" {
  source         = "../.."
  name           = "models"
  instance_group = module.scaling.instance_group
  cidrs          = ["203.0.113.0/24", "2001:db8:7::/48"]
  host           = null
  certificate    = "projects/my-project/global/sslCertificates/models"
  parallel       = 4
  labels = {
    team = "models"
  }
}

output "load_balancer" {
  value = module.load_balancer
}
