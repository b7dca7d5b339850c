"""`python -m terrazzo` is the `terrazzo` command."""

from terrazzo.cli import program

if __name__ == "__main__":
    program()
