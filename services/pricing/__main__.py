"""`python -m services.pricing` serves; see `--help` for the other commands."""

from services.pricing.cli import main

if __name__ == "__main__":
    main(prog_name="python -m services.pricing")
