# Two commands matter: `make app` and `make test`. Windows: see README.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
PORT   ?= 8501

.PHONY: app test lint plan bench data requirements clean help
.DEFAULT_GOAL := help

help:           ## list the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'

$(STAMP): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; this is " + sys.version.split()[0] + ". Try: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

app: $(STAMP)   ## solve the default plan once, then open the planner at http://localhost:8501
	$(BIN)/chengyu plan --reuse --quiet
	@echo '规划页面 The planner: http://localhost:$(PORT)  (Ctrl+C 停止 stops it)'
	$(BIN)/python -m streamlit run app.py --server.port $(PORT)

plan: $(STAMP)  ## the default plan in the terminal, tables written to out/
	$(BIN)/chengyu plan --out out

test: $(STAMP)  ## the whole suite, browser included
	@$(BIN)/python tests/browser/ensure_chromium.py
	$(BIN)/python -m pytest -n 2 --dist loadfile

lint: $(STAMP)  ## ruff, mypy strict, direction of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(STAMP) ## the same work given to this project and to its peers
	$(BIN)/python -m benchmarks

data:           ## derive data/ again from ../shared/sources (see data/README.md)
	$(PYTHON) -m venv .venv-data
	.venv-data/bin/python -m pip install --quiet --require-hashes -r data/build/requirements.txt
	.venv-data/bin/python -m data.build

requirements:   ## pin again (needs uv)
	uv pip compile --universal --fork-strategy fewest --generate-hashes --python-version 3.11 --no-emit-index-url --no-header --extra dev -q pyproject.toml -o requirements.txt
	uv pip compile --universal --fork-strategy fewest --generate-hashes --python-version 3.11 --no-emit-index-url --no-header --extra build-data -c requirements.txt -q pyproject.toml -o data/build/requirements.txt

clean:          ## remove environments and results
	rm -rf $(VENV) .venv-data out .pytest_cache .mypy_cache .ruff_cache .hypothesis
