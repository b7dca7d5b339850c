"""`python -m terrazzo` is the `terrazzo` command."""

from terrazzo.cli import main

if __name__ == "__main__":
    main()
