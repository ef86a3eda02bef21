"""``python -m nandoctor``: the same as the ``nandoctor`` command."""

from nandoctor.cli.main import main

if __name__ == "__main__":
    main()
