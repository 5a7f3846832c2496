"""`python -m api` is `xunjie`."""

from api.cli import app

app()
