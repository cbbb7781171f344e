// SPDX-License-Identifier: GPL-2.0
/*
 * A QEMU plugin that counts the guest's instructions, by block of translated
 * code and by CPU, in a file that others map: see counter.py.
 *
 * Debian has no package with qemu-plugin.h; declared here is what is used of
 * version 1 of that interface (QEMU 4.2 to 8.2).
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

typedef uint64_t qemu_plugin_id_t;
typedef struct qemu_info qemu_info_t;
struct qemu_plugin_tb;

void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id,
		void (*cb)(qemu_plugin_id_t id, struct qemu_plugin_tb *tb));
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *tb,
		void (*cb)(unsigned int cpu, void *userdata), int flags,
		void *userdata);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *tb);

#define EXPORT __attribute__((visibility("default")))

EXPORT int qemu_plugin_version = 1;

#define MAX_CPUS 2
#define BLOCKS (1u << 18)

struct block {
	uint64_t addr;		/* 0: user space */
	uint64_t insns;		/* 0: not in use */
	uint64_t count[MAX_CPUS];
};

static struct block *blocks;

/* A block that is translated again is the same block. */
static struct block *find(uint64_t addr, uint64_t insns)
{
	uint32_t i = (uint32_t)((addr * 31 + insns) * 2654435761u >> 7);
	uint32_t tries;

	for (tries = 0; tries < BLOCKS; tries++) {
		struct block *b = &blocks[(i + tries) % BLOCKS];

		if (!b->insns) {
			b->addr = addr;
			b->insns = insns;
		}
		if (b->addr == addr && b->insns == insns)
			return b;
	}
	return NULL;
}

static void executed(unsigned int cpu, void *userdata)
{
	struct block *b = userdata;

	b->count[cpu % MAX_CPUS]++;
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	uint64_t addr = qemu_plugin_tb_vaddr(tb);
	struct block *b;

	(void)id;
	b = find(addr >> 63 ? addr : 0, qemu_plugin_tb_n_insns(tb));
	if (!b) {
		/* A count that is not complete is none. */
		fprintf(stderr, "counter: too many blocks\n");
		_exit(1);
	}
	qemu_plugin_register_vcpu_tb_exec_cb(tb, executed, 0, b);
}

/* Argument: counts=PATH */
EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info,
			       int argc, char **argv)
{
	size_t size = BLOCKS * sizeof(*blocks);
	int fd;

	(void)info;
	if (argc != 1 || strncmp(argv[0], "counts=", 7))
		return -1;
	fd = open(argv[0] + 7, O_RDWR | O_CREAT | O_TRUNC, 0600);
	if (fd < 0 || ftruncate(fd, size))
		return -1;
	blocks = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (blocks == MAP_FAILED)
		return -1;
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	return 0;
}
