# Needs Python 3.11, 3.12 or 3.13 and make; everything else goes into .venv in this folder.
# Settings:  PYTHON=...  the Python to make .venv from      USE_UV=0  install with pip alone
#            WORKERS=2   processes of the tests             PYTEST=... further arguments for pytest

.DEFAULT_GOAL := help
.PHONY: help setup demo toy lab test check browser clean

USE_UV ?= 1
WORKERS ?= 2
PYTEST ?=

CANDIDATES := python3.11 python3.12 python3.13 python3 python
EXTRAS := .[course,dev]
PY := .venv/bin/python
# The first says that set-up ended, and in which folder; while the second exists, it has not.
DONE := .venv/setup-done
UNFINISHED := .venv/setup-unfinished
FITS := import ensurepip, sys, venv; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-7s %s\n", $$1, $$2 }' Makefile

setup: $(DONE) ## make .venv and install the package into it (the other targets do it when it is needed)

demo: $(DONE) ## the main job, end to end, on Toy Market in minutes; results in runs/demo
	@$(PY) -m dgnet_lite.course.papermill_run notebooks/13_full_training.ipynb --out runs/demo -p scale demo

toy: $(DONE) ## the same at the lessons' scale with three seeds, as in the README; results in runs/toy
	@$(PY) -m dgnet_lite.course.papermill_run notebooks/13_full_training.ipynb --out runs/toy \
		-p scale toy -p seeds '[0, 1, 2]'

lab: $(DONE) ## open the lessons in JupyterLab
	@$(PY) -m jupyterlab --ServerApp.root_dir=. --LabApp.default_url=/lab/tree/notebooks

test: $(DONE) ## every check: style, units, and the notebooks in the smoke profile
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m pytest tests $(NOTEBOOKS) $(PARALLEL) $(NBVAL) $(PYTEST)

check: $(DONE) ## the quick part of `make test`: style and fast units
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m pytest tests $(PARALLEL) -m 'not slow and not benchmarks' $(PYTEST)

browser: $(DONE) ## move every slider of the lessons in a real browser; skipped where there is no Chromium
	@$(PY) -c 'import notebook, playwright, voila' 2>/dev/null \
		|| $(PY) -m uv pip install --quiet --python $(PY) --editable '.[browser]' 2>/dev/null \
		|| $(PY) -m pip install --quiet --editable '.[browser]'
	$(PY) -m pytest tests/browser/test_widgets.py tests/browser/test_applications.py -m browser $(PYTEST)

clean: ## remove .venv and caches; runs/ and data/ stay
	rm -rf .venv .pytest_cache .ruff_cache build *.egg-info
	find . -name __pycache__ -prune -exec rm -rf {} +
	find . -name .ipynb_checkpoints -prune -exec rm -rf {} +

# A notebook's cells belong together, so a file stays in one process (loadfile); one thread each, or the processes
# of the tests fight over the cores.
PARALLEL := -n $(WORKERS) --dist loadfile
# The plugin runs them from a foreign folder and looks at what they cost and what their checks say.
NBVAL := -p dgnet_lite.course.nbval_plugin --nbval-lax --nbval-current-env --nbval-cell-timeout=300
NOTEBOOKS := $(wildcard notebooks solutions exercises)
test check: export OMP_NUM_THREADS := 1
test check: export DGNET_PROFILE := smoke

# glibc gives each large tensor's memory back to the system when it is freed and asks for it again at the next step.
# Keeping it makes training on the CPU about a tenth faster. Other systems ignore these.
demo toy: export MALLOC_MMAP_THRESHOLD_ := 1073741824
demo toy: export MALLOC_TRIM_THRESHOLD_ := 1073741824

# Set-up is done again when pyproject.toml has changed, when the folder was moved or copied (an editable install knows
# its path), and when the Python that .venv was made from is gone.
ifneq ($(shell test "$$(cat $(DONE) 2>/dev/null)" = "$$(pwd -P)" && $(PY) -c '$(FITS)' 2>/dev/null && echo usable),usable)
.PHONY: $(DONE)
endif

# A .venv that was left half made, moved, or has lost its Python is made from nothing; one that you made yourself is used.
$(DONE): pyproject.toml
	@set -e; \
	if test -e $(UNFINISHED) || ! $(PY) -c '$(FITS)' 2>/dev/null \
		|| { test -e $@ && test "$$(cat $@)" != "$$(pwd -P)"; }; then \
		python=; \
		if test -n '$(PYTHON)'; then set -- '$(PYTHON)'; else set -- $(CANDIDATES); fi; \
		for candidate; do \
			if "$$candidate" -c '$(FITS)' 2>/dev/null; then python=$$candidate; break; fi; \
		done; \
		if test -z "$$python"; then \
			echo "No Python 3.11, 3.12 or 3.13 with its venv module was found (tried: $$*)." >&2; \
			echo "Install one (Debian, Ubuntu: apt install python3 python3-venv), or name it: make setup PYTHON=/path/to/python3.12" >&2; \
			exit 1; \
		fi; \
		echo "Making .venv with $$("$$python" --version) ..."; \
		rm -rf .venv; mkdir .venv; touch $(UNFINISHED); "$$python" -m venv .venv; \
	fi; \
	touch $(UNFINISHED); \
	$(PY) -m pip --version >/dev/null 2>&1 || $(PY) -m ensurepip >/dev/null; \
	if test '$(USE_UV)' != 0 && $(PY) -m pip install --quiet --disable-pip-version-check uv \
		&& $(PY) -m uv pip install --python $(PY) --compile-bytecode --editable '$(EXTRAS)'; then :; else \
		echo "Installing with pip, which takes a few minutes ..."; \
		$(PY) -m pip install --disable-pip-version-check --editable '$(EXTRAS)'; \
	fi; \
	pwd -P >$@; \
	rm -f $(UNFINISHED)
