# On a fresh machine `make demo` and `make test` do all set-up they need; the second time there is none to do.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help venv build demo test test-all test-jazzy lint bench clean
ros := source scripts/env.sh &&

help:  ## this list
	@grep -E '^[a-z-]+: .*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

venv:        ## .venv with everything the project needs (PYTHON=/path/to/python3.12)
	@scripts/venv.sh

build: venv  ## messages and Python packages into install/
	@scripts/build.sh

demo: build  ## replay -> node -> recorder on a drawn drive, or INPUT=folder|video|bag [RATE=Hz] [TOPIC=name] [MODEL=name] [VIEW=1]
	@$(ros) exec python demo/run.py $(if $(VIEW),--view) $(foreach option,INPUT RATE TOPIC MODEL,\
	    $(if $($(option)),--$(shell echo $(option) | tr A-Z a-z) "$($(option))"))

test: build  ## the tests (ARGS="...": more arguments of pytest)
	@$(ros) UNEXPECTED_REQUIRE_ROS=1 python -P -m pytest $(ARGS)

test-all: build  ## the tests, slow ones too
	@$(ros) UNEXPECTED_REQUIRE_ROS=1 python -P -m pytest -m "" $(ARGS)

test-jazzy: venv  ## the tests of the ROS half with the wheels of ROS 2 Jazzy, in a copy of the checkout (ARGS="...")
	@scripts/jazzy.sh $(ARGS)

lint: venv   ## style and common mistakes
	@.venv/bin/ruff check . && .venv/bin/ruff format --check .

bench: build ## the short measurements, with date, hardware and commit (bench/ has more)
	@$(ros) for script in drawing_speed metrics_speed node_overhead video_readers; do \
	    python "bench/$$script.py" || exit 1; done && unexpected bench

clean:       ## everything that was made, except .venv
	rm -rf build install log out
