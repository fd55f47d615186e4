"""Pricing's settings: the shared ones, on the port of the layout."""

from environs import Env

from services.chassis.config import CommonSettings, common

DEFAULT_PORT = 8083


def build(env: Env) -> CommonSettings:
    return common(env, service="pricing", default_port=DEFAULT_PORT)
