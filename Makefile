PYTHON ?= python3
BIN := .venv/bin

.PHONY: install demo test check format bench clean

.venv/runtime: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install -q -e .
	touch $@

# ultralytics asks for opencv-python, which unpacks into the folder of the headless build and needs
# system libraries that a bare server lacks: take it out and lay the headless one down again.
.venv/dev: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install -q -e .[dev]
	$(BIN)/pip uninstall -q -y opencv-python
	$(BIN)/pip install -q --no-deps --force-reinstall opencv-python-headless
	$(BIN)/python -c "import cv2"
	touch $@ .venv/runtime

install: .venv/runtime

demo: .venv/runtime
	$(BIN)/xunjie demo

check: .venv/dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: check
	$(BIN)/pytest -q -n auto --maxprocesses 4 --dist loadfile

# Prints its tables as JSON lines; docs/performance.md says what they mean. Not part of the tests.
bench: .venv/dev
	$(BIN)/python -m tests.benchmarks.look
	$(BIN)/python -m tests.benchmarks.networks
	$(BIN)/python -m tests.benchmarks.networks --model covers
	$(BIN)/python -m tests.benchmarks.against
	$(BIN)/python -m tests.acceptance.same_incidents
	$(BIN)/python -m tests.benchmarks.keyframes
	$(BIN)/python -m tests.benchmarks.carrying datasets/scenes/clips/*.mp4
	$(BIN)/python -m tests.benchmarks.cameras --cameras 10,100,500,1000
	$(BIN)/python -m tests.benchmarks.cameras --kind visit --cameras 10,100
	$(BIN)/python -m tests.benchmarks.start

format: .venv/dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:
	rm -rf .venv build dist *.egg-info var
