# SPDX-License-Identifier: GPL-2.0
#
# How unit tests in user space are built, for the Makefiles of directories of
# tests.  They set TOP, INCLUDES, CORE, HEADERS, CHECK and FUZZ: sources under
# test, sources of the tests, and those of the fuzz target, whose first one
# gives it its name; FUZZ_MAX is the longest input it is given, and CORPUS where
# it starts from.  LDLIBS is for both.  KERNEL_HEADERS are the kernel's headers that
# sources under test name, if they are kernel code: each is kernel.h of the tests.
#
# make fuzz appends its results to FUZZ_RESULTS; make corpus-minimise lets what it
# has found replace what is in the tree.

OUT ?= build
CC ?= gcc
FUZZ_CC ?= clang
SECONDS ?= 60
CORPUS ?= corpus
FUZZ_RESULTS ?= $(OUT)/fuzz/results.jsonl

UNIT := $(TOP)/tools/unit
CPPFLAGS += -I$(UNIT) $(INCLUDES)
WARNINGS := -Wall -Wextra -Wshadow -Wundef -Wconversion -Wno-sign-conversion
CFLAGS += -std=gnu11 -g -O1 $(WARNINGS) -Werror
SANITIZE ?= -fsanitize=address,undefined -fno-sanitize-recover=all \
	    -fno-omit-frame-pointer

UNIT_CORE := $(UNIT)/tap.c $(UNIT)/inputs.c
UNIT_DEPENDS := $(HEADERS) $(wildcard *.h $(UNIT)/*.h) $(UNIT)/unit.mk Makefile
FUZZ_TARGET := $(OUT)/$(basename $(firstword $(FUZZ)))

.PHONY: check fuzz fuzz-once corpus-built corpus-minimise clean

# Finds go to $(OUT)/found, not to the corpus in the tree.
fuzz: $(FUZZ_TARGET) $(FUZZ_TARGET)-coverage | $(CORPUS)
	$(UNIT)/fuzz --seconds $(SECONDS) --max-len $(FUZZ_MAX) --out $(OUT) \
		--results '$(FUZZ_RESULTS)' $(FUZZ_TARGET) $(CORPUS) $(CORE)

# That the target builds, and finds nothing in what the corpus has.
fuzz-once: $(FUZZ_TARGET) | $(CORPUS)
	$(FUZZ_TARGET) -runs=0 $(CORPUS) > $(OUT)/once.log 2>&1 || \
		{ tail -n 40 $(OUT)/once.log; exit 1; }

corpus-minimise: $(FUZZ_TARGET)
	mkdir -p $(OUT)/found
	$(UNIT)/fuzz --minimise --out $(OUT) $(FUZZ_TARGET) corpus

corpus-built: $(OUT)/check
	mkdir -p corpus
	$(OUT)/check --corpus corpus

$(OUT)/check: $(CHECK) $(CORE) $(UNIT_CORE) $(UNIT_DEPENDS) | $(OUT)
	$(CC) $(CPPFLAGS) $(CFLAGS) $(SANITIZE) -o $@ $(CHECK) $(CORE) \
		$(UNIT_CORE) $(LDLIBS)

# Only what the sources under test do is of interest.
$(FUZZ_TARGET): $(FUZZ) $(CORE) $(UNIT_DEPENDS) | $(OUT)
	printf '%s\n' 'fun:*' $(addprefix src:, $(CORE)) > $@.covered
	$(FUZZ_CC) $(CPPFLAGS) $(CFLAGS) $(SANITIZE) -fsanitize=fuzzer \
		-fsanitize-coverage-allowlist=$@.covered \
		-o $@ $(FUZZ) $(CORE) $(LDLIBS)

$(FUZZ_TARGET)-coverage: $(FUZZ) $(CORE) $(UNIT_DEPENDS) | $(OUT)
	$(FUZZ_CC) $(CPPFLAGS) $(CFLAGS) -fprofile-instr-generate \
		-fcoverage-mapping -fsanitize=fuzzer \
		-o $@ $(FUZZ) $(CORE) $(LDLIBS)

ifdef KERNEL_HEADERS
# Kernel code is not written for the others.
WARNINGS := -Wall -Wextra -Wundef -Wno-sign-compare -Wno-unused-parameter \
	    -Wno-missing-field-initializers -Wno-pointer-arith \
	    -Wno-unused-const-variable
INCLUDES += -I$(OUT)/kernel

$(OUT)/check $(FUZZ_TARGET) $(FUZZ_TARGET)-coverage: | $(OUT)/kernel

$(OUT)/kernel: Makefile | $(OUT)
	for header in $(KERNEL_HEADERS); do \
		mkdir -p $@/$${header%/*} && \
		echo '#include "kernel.h"' > $@/$$header || exit; \
	done
	touch $@
endif

$(OUT):
	mkdir -p $@

clean:
	rm -rf $(OUT)
