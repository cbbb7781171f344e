# SPDX-License-Identifier: GPL-2.0
#
# make                  the modules for the running kernel, and the tools
# make install          both, and depmod (root)
# make strongswan       the plugin for strongSwan, not a part of the above
# make demo             see it work, in User Mode Linux (root)
# make check            all tests (root)
#
# make help             the rest
#
# KVER=RELEASE or KDIR=DIRECTORY choose another kernel to build for.

KVER ?= $(shell uname -r)
KDIR ?= /lib/modules/$(KVER)/build
PREFIX ?= /usr/local

MODULES := iscsi_parse keystore esp_asym
TOOLS := tools/asymctl

# Logs of make check and its parts.
LOGS ?= $(CURDIR)/build/log
# Scenarios that run at the same time in UML, where guests mostly wait.
JOBS ?= 3
# After so many minutes make check begins no scenario on UML any more, and says
# which; usual machines need less.
MINUTES ?= 20
# What make bench leaves.
BENCH ?= $(CURDIR)/build/bench
# What make check runs of the scenarios on stock kernels; make check-qemu runs
# all of them, on these pairs of initiator and target:
QEMU := qemu-6.1 qemu-6.12 qemu-6.1-6.12
QEMU_FAST := sa_is_accepted_asym$$|sa_refusals|no_device_writes
QEMU_FAST := $(QEMU_FAST)|source_tree_survives_on_ext4_asym$$
QEMU_FAST := $(QEMU_FAST)|three_witnesses_see_no_plaintext$$
QEMU_FAST := $(QEMU_FAST)|cryptsetup_opens_what_we_wrote_block_512_sector_512$$
QEMU_FAST := $(QEMU_FAST)|cipher_blocks_and_hashed_bytes_equal_theory$$
QEMU_FAST := $(QEMU_FAST)|fio_verifies_with_data_digests_header$$
QEMU_FAST := $(QEMU_FAST)|first_connection_has_strongswan_make_the_sas_psk$$
QEMU_FAST_PAIR := three_witnesses_see_no_plaintext$$
QEMU_FAST_PAIR := $(QEMU_FAST_PAIR)|source_tree_survives_on_ext4_asym$$

# Debian's python3 and its modules, not what a user has put before them.
CHECK_PATH := /usr/sbin:/usr/bin:/sbin:/bin:$(PATH)
# In the place of the shell: a signal to make is to reach who can clean up.
CHECK_ENV := exec env PATH='$(CHECK_PATH)'
PARTS := $(CHECK_ENV) tools/check-parts --logs '$(LOGS)'
PREREQUISITES := $(CHECK_ENV) uml-testbed/install-prerequisites

.PHONY: all modules modules_install tools install uninstall clean help demo \
	strongswan strongswan-install headers \
	check check-unit check-build check-uml check-hostile check-uml-debug \
	check-qemu check-qemu-fast check-mutants check-bench coverage lint \
	fuzz fuzz-once test-report prerequisites bench bench-quick bench-scale bench-report

all: modules tools

modules:
	@[ -e '$(KDIR)/Makefile' ] || { echo 'no headers of a kernel in $(KDIR):' \
		'install linux-headers-$(KVER), or set KVER or KDIR' >&2; exit 1; }
	$(MAKE) -C $(KDIR) M=$(CURDIR) modules

# Without System.map, as in Debian's headers, kbuild leaves depmod out.  Neither
# make kernelrelease nor kernel.release tells the name of Debian's directory.
modules_install:
	$(MAKE) -C $(KDIR) M=$(CURDIR) modules_install
	PATH="$$PATH:/usr/sbin:/sbin" depmod \
		$(if $(INSTALL_MOD_PATH),-b '$(INSTALL_MOD_PATH)') \
		$$(sed -n 's/.*UTS_RELEASE "\(.*\)".*/\1/p' \
			$(KDIR)/include/generated/utsrelease.h)

tools:
	@set -e; for t in $(TOOLS); do $(MAKE) -C $$t; done

install: modules_install
	@set -e; for t in $(TOOLS); do \
		$(MAKE) -C $$t install PREFIX='$(PREFIX)'; done

# For strongSwan 5.9.8 of Debian 12; apt fetches the headers the first time.
strongswan:
	$(MAKE) -C tools/strongswan

strongswan-install: strongswan
	$(MAKE) -C tools/strongswan install

clean:
	@set -e; for t in $(TOOLS) $(FUZZ); do $(MAKE) -C $$t clean; done
	find . -name .git -prune -o \( -name '*.o' -o -name '*.ko' \
		-o -name '*.mod' -o -name '*.mod.c' -o -name '.*.cmd' \
		-o -name '*.o.d' -o -name modules.order \
		-o -name Module.symvers \) -exec rm -f {} +
	rm -rf build

help:
	@echo 'make, make modules, make tools    build [KVER=release, KDIR=directory]'
	@echo 'make install, modules_install     install [INSTALL_MOD_PATH, DESTDIR, PREFIX]'
	@echo 'make strongswan                   build the plugin for strongSwan'
	@echo 'make strongswan-install           ... and install it [DESTDIR]'
	@echo 'make clean                        remove what was built here'
	@echo 'make demo                         see it work, in User Mode Linux'
	@echo 'make check                        what follows up to check-uml, and a few'
	@echo '                                  scenarios on stock kernels, and check-bench'
	@echo 'make check-unit                   tests in user space, vectors'
	@echo 'make check-build                  modules for all kernels, W=1, gcc and clang'
	@echo 'make lint                         checkpatch, sparse, kernel-doc'
	@echo 'make check-uml                    scenarios between two UML hosts, of each'
	@echo '                                  the variants that differ in kind'
	@echo 'make check-hostile                ... all variants'
	@echo 'make check-uml-debug [FAST=1]     ... with KASAN, lockdep and kmemleak'
	@echo 'make check-qemu [FAST=1]          ... on stock Debian 6.1 and 6.12 in QEMU'
	@echo 'make check-mutants                broken modules do not pass the scenarios'
	@echo 'make check-bench                  protection takes no more instructions than'
	@echo '                                  the committed figures say'
	@echo 'make coverage [FAST=1]            what of the modules check-hostile runs'
	@echo 'make test-report                  Documentation/test-report.rst from what these'
	@echo '                                  have left in build/log'
	@echo 'make bench                        what it costs, in $(BENCH)'
	@echo 'make bench-quick                  ... sequential I/O, MTU 1500; ten minutes'
	@echo 'make bench-scale                  with many sessions, LUNs and PDUs'
	@echo 'make bench-report                 tables and plots of Documentation/performance.rst'
	@echo 'make fuzz SECONDS=n               libFuzzer, n seconds for each target'
	@echo 'make prerequisites                install the Debian packages for all this'

prerequisites:
	$(PREREQUISITES)

demo: prerequisites
	$(CHECK_ENV) uml-testbed/demo

# While there is a network.
headers: prerequisites
	@$(CHECK_ENV) $(MAKE) -s -C tools/strongswan headers

check: prerequisites headers
	@$(PARTS) check \
		unit='$(MAKE) -s check-unit' \
		build='tools/lint --logs $(LOGS) build' \
		lint='tools/lint --logs $(LOGS) all' \
		uml='$(MAKE) -s check-uml' \
		qemu='$(MAKE) -s check-qemu-fast' \
		bench='bench/regression'

# Directories with a fuzz target.
FUZZ := iscsi_parse/tests keystore/tests esp_asym/tests \
	esp_asym/tests/receiver esp_asym/tests/model

# Tests in user space; those of esp_asym include the vectors of the wire format.
UNIT := iscsi_parse='$(MAKE) -C iscsi_parse/tests check'
UNIT += asymctl='$(MAKE) -C tools/asymctl O=$(CURDIR)/build/asymctl check'
UNIT += netlink='tools/lint run keystore/tests/check-generated'
UNIT += keystore='$(MAKE) -C keystore/tests check'
UNIT += esp_asym='$(MAKE) -C esp_asym/tests check'
UNIT += receiver='$(MAKE) -C esp_asym/tests/receiver check'
UNIT += model='$(MAKE) -C esp_asym/tests/model check'
UNIT += fuzz='$(MAKE) -s fuzz-once'
UNIT += mutants='uml-testbed/mutants --check'
UNIT += test-report='tools/tests/test-report'
UNIT += side-by-side='tools/tests/side-by-side'
UNIT += bench='bench/tests/figures'
UNIT += baseline='bench/tests/baseline'
UNIT += theory='bench/tests/theory'
UNIT += report='bench/tests/report'
UNIT += performance='bench/report --check'
UNIT += documents='tools/tests/documents'

check-unit:
	@$(PARTS) check-unit $(UNIT)

check-build:
	@$(CHECK_ENV) tools/lint --logs '$(LOGS)' build

lint:
	@$(CHECK_ENV) tools/lint --logs '$(LOGS)' all

check-uml:
	@$(PARTS) check-uml \
		scenarios='uml-testbed/check --platform uml --fast --jobs $(JOBS) \
			--minutes $(MINUTES) --logs $(LOGS)/uml' \
		quick-start='uml-testbed/quick-start'

check-hostile:
	@$(CHECK_ENV) uml-testbed/check --platform uml --jobs $(JOBS) \
		--logs '$(LOGS)/uml'

# FAST=1: what make check runs on UML, and not all.
check-uml-debug:
	@$(CHECK_ENV) uml-testbed/check --platform uml-debug --jobs $(JOBS) \
		$(if $(FAST),--fast) --logs '$(LOGS)/uml-debug'

coverage:
	@rm -rf '$(LOGS)/coverage'
	@$(CHECK_ENV) uml-testbed/check --platform uml --jobs $(JOBS) \
		$(if $(FAST),--fast) --logs '$(LOGS)/uml' --coverage '$(LOGS)/coverage'

check-qemu:
	@$(PARTS) check-qemu $(foreach q,$(QEMU),\
		$q='uml-testbed/check --platform $q $(if $(FAST),--fast) \
			--logs $(LOGS)/$q')

check-qemu-fast:
	@$(PARTS) check-qemu-fast \
		qemu-6.1='uml-testbed/check --platform qemu-6.1 --minutes 5 \
			--logs $(LOGS)/qemu-6.1 --only "$(QEMU_FAST)"' \
		qemu-6.12='uml-testbed/check --platform qemu-6.12 --minutes 4 \
			--logs $(LOGS)/qemu-6.12 --only "$(QEMU_FAST)"' \
		qemu-6.1-6.12='uml-testbed/check --platform qemu-6.1-6.12 --minutes 2 \
			--logs $(LOGS)/qemu-6.1-6.12 --only "$(QEMU_FAST_PAIR)"'

# The scenarios' own test: broken modules must not pass them.
check-mutants:
	@$(CHECK_ENV) uml-testbed/mutants --jobs $(JOBS) \
		--logs '$(LOGS)/mutants'

# Against the figures in Documentation/performance/regression.json.
check-bench:
	@$(CHECK_ENV) bench/regression

test-report:
	@$(CHECK_ENV) tools/test-report '$(LOGS)'

bench: prerequisites
	@mkdir -p '$(BENCH)'
	@$(CHECK_ENV) sh -c "bench/run --profile '^(plain|gcm|gcm.dmcrypt-512|asym-512|asym-4096)\$$' --json '$(BENCH)/cost.json' \
		--markdown '$(BENCH)/cost.md' && \
		bench/plot '$(BENCH)/cost.json' '$(BENCH)'"

bench-quick: prerequisites
	@mkdir -p '$(BENCH)'
	@$(CHECK_ENV) bench/run --quick --json '$(BENCH)/quick.json' \
		--markdown '$(BENCH)/quick.md'

bench-scale: prerequisites
	@mkdir -p '$(BENCH)'
	@$(CHECK_ENV) sh -c "bench/scale --json '$(BENCH)/scale.json' && \
		bench/plot '$(BENCH)/scale.json' '$(BENCH)'"

# Of the JSON files in Documentation/performance; measures nothing.
bench-report:
	@$(CHECK_ENV) bench/report

fuzz-once:
	@passed=0; failed=0; for tests in $(FUZZ); do \
		if $(MAKE) -s -C $$tests fuzz-once; then \
			passed=$$((passed + 1)); echo "ok $$passed $$tests"; \
		else \
			failed=$$((failed + 1)); echo "not ok - $$tests"; \
		fi; \
	done; echo "$$passed passed, $$failed failed, 0 skipped"; \
	[ $$failed = 0 ]

# One after the other, each to its end.
fuzz:
	@rm -f '$(LOGS)/fuzz/results.jsonl'
	@status=0; for tests in $(FUZZ); do \
		$(MAKE) -C $$tests fuzz \
			FUZZ_RESULTS='$(abspath $(LOGS))/fuzz/results.jsonl' || \
			status=1; done; exit $$status
