"""`python -m ctsim`: the same command where its script is not on the path."""

from ctsim.cli import main

if __name__ == "__main__":
    main(prog_name="ctsim")
