"""`python -m training <command>`."""

from training.commands import app

app()
