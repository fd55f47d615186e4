"""`python -m services.pricing api` answers HTTP; `estimate` and `networks import` are for the shell."""

from services.pricing.cli import main

if __name__ == "__main__":
    main(prog_name="python -m services.pricing")
