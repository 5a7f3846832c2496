"""The option that names the folder of released models, the same in every command."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

ModelsFolder = Annotated[Path, typer.Option("--models", "--models-folder", help="Released models")]
