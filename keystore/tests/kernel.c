// SPDX-License-Identifier: GPL-2.0
#include <malloc.h>
#include <stdarg.h>

#include "kernel.h"
#include "keyring.h"

struct kernel kernel;

static void *later[64];
static u32 nr_later;

void kernel_start(void)
{
	kernel = (struct kernel){ .fail_in = -1 };
}

void kernel_die(const char *what)
{
	fprintf(stderr, "failed: %s\n", what);
	abort();
}

/* ---- memory and RCU ---- */

void *kzalloc(size_t size, gfp_t gfp)
{
	(void)gfp;
	if (kernel.fail_in >= 0 && !kernel.fail_in--) {
		kernel.failed++;
		return NULL;
	}
	kernel.allocated++;
	return calloc(1, size);
}

/* Nothing secret is left behind in it. */
void kfree(void *p)
{
	if (!p)
		return;
	kernel_assert(kernel.allocated);
	kernel_assert(!kernel_is_secret(p, malloc_usable_size(p)));
	kernel.allocated--;
	free(p);
}

void kernel_free_later(void *p)
{
	if (!kernel.readers) {
		kfree(p);
		return;
	}
	kernel_assert(nr_later < ARRAY_SIZE(later));
	later[nr_later++] = p;
}

void rcu_read_lock(void)
{
	kernel.readers++;
}

void rcu_read_unlock(void)
{
	kernel_assert(kernel.readers);
	if (--kernel.readers)
		return;
	while (nr_later)
		kfree(later[--nr_later]);
}

/* ---- users that are counted per CPU, work ---- */

struct workqueue_struct {
	struct work_struct	*first;
};

/* There is one. */
static struct workqueue_struct *queue;

struct workqueue_struct *alloc_workqueue(const char *name, int flags, int max)
{
	(void)name;
	(void)flags;
	(void)max;
	kernel_assert(!queue);
	queue = kzalloc(sizeof(*queue), GFP_KERNEL);
	return queue;
}

void queue_work(struct workqueue_struct *wq, struct work_struct *work)
{
	kernel_assert(!work->queued);
	work->queued = true;
	work->next = wq->first;
	wq->first = work;
}

void flush_workqueue(struct workqueue_struct *wq)
{
	while (wq->first) {
		struct work_struct *work = wq->first;

		wq->first = work->next;
		work->queued = false;
		work->run(work);
	}
}

void kernel_run_work(void)
{
	flush_workqueue(queue);
}

void destroy_workqueue(struct workqueue_struct *wq)
{
	flush_workqueue(wq);
	kfree(wq);
	queue = NULL;
}

int percpu_ref_init(struct percpu_ref *ref,
		    void (*release)(struct percpu_ref *ref), u32 flags,
		    gfp_t gfp)
{
	(void)flags;
	ref->memory = kzalloc(1, gfp);
	if (!ref->memory)
		return -ENOMEM;
	ref->count = 1;
	ref->dying = false;
	ref->release = release;
	return 0;
}

void percpu_ref_kill(struct percpu_ref *ref)
{
	kernel_assert(!ref->dying);
	ref->dying = true;
	percpu_ref_put(ref);
}

void percpu_ref_exit(struct percpu_ref *ref)
{
	kernel_assert(ref->dying && !ref->count);
	kfree(ref->memory);
	ref->memory = NULL;
}

bool percpu_ref_tryget_live(struct percpu_ref *ref)
{
	if (ref->dying)
		return false;
	ref->count++;
	return true;
}

void percpu_ref_put(struct percpu_ref *ref)
{
	kernel_assert(ref->count);
	if (!--ref->count)
		ref->release(ref);
}

/* ---- rate limits: lib/ratelimit.c ---- */

void ratelimit_state_init(struct ratelimit_state *rs, int interval, int burst)
{
	*rs = (struct ratelimit_state){
		.interval	= (u64)interval,
		.burst		= burst,
	};
}

bool __ratelimit(struct ratelimit_state *rs)
{
	if (!rs->begin)
		rs->begin = kernel.jiffies;
	if (rs->begin + rs->interval < kernel.jiffies) {
		rs->begin = kernel.jiffies;
		rs->printed = 0;
	}
	if (rs->printed >= rs->burst)
		return false;
	rs->printed++;
	return true;
}

/* ---- the log: keystore's formats, and %*pE as of lib/vsprintf.c ---- */

struct line {
	char	text[8192];
	u32	len;
};

static void add(struct line *line, const char *bytes, size_t len)
{
	kernel_assert(len < sizeof(line->text) - line->len);
	memcpy(line->text + line->len, bytes, len);
	line->len += (u32)len;
	line->text[line->len] = 0;
}

static void add_escaped(struct line *line, const char *bytes, u32 len)
{
	char octal[8];
	u32 i;

	for (i = 0; i < len; i++) {
		if (isascii(bytes[i]) && isprint(bytes[i]) && bytes[i] != '\\')
			snprintf(octal, sizeof(octal), "%c", bytes[i]);
		else
			snprintf(octal, sizeof(octal), "\\%03o", (u8)bytes[i]);
		add(line, octal, strlen(octal));
	}
}

void pr_warn(const char *fmt, ...)
{
	struct line line = {};
	const char *text;
	bool is_sum = false;
	char number[32];
	va_list args;
	u32 value, i;
	int len;

	va_start(args, fmt);
	while (*fmt) {
		if (!strncmp(fmt, "%s", 2)) {
			text = va_arg(args, const char *);
			add(&line, text, strlen(text));
			fmt += 2;
		} else if (!strncmp(fmt, "%u", 2) || !strncmp(fmt, "%d", 2)) {
			value = va_arg(args, u32);
			snprintf(number, sizeof(number), "%u", value);
			add(&line, number, strlen(number));
			fmt += 2;
			is_sum = !strcmp(fmt, " more were not logged\n");
			if (is_sum)
				kernel.log_suppressed += value;
		} else if (!strncmp(fmt, "%#llx", 5)) {
			snprintf(number, sizeof(number), "%#llx",
				 va_arg(args, unsigned long long));
			add(&line, number, strlen(number));
			fmt += 5;
		} else if (!strncmp(fmt, "%*pE", 4)) {
			len = va_arg(args, int);
			add_escaped(&line, va_arg(args, const char *),
				    (u32)len);
			fmt += 4;
		} else {
			kernel_assert(*fmt != '%');
			add(&line, fmt++, 1);
		}
	}
	va_end(args);
	kernel.logged += !is_sum;
	kernel_assert(!kernel_is_secret(line.text, line.len));
	kernel_assert(line.len && line.text[line.len - 1] == '\n');
	for (i = 0; i + 1 < line.len; i++)
		kernel_assert(isascii(line.text[i]) && isprint(line.text[i]));
}

/* ---- namespaces ---- */

static struct pernet_operations *pernet;

int register_pernet_subsys(struct pernet_operations *ops)
{
	kernel_assert(!pernet);
	pernet = ops;
	return 0;
}

void unregister_pernet_subsys(struct pernet_operations *ops)
{
	kernel_assert(pernet == ops);
	pernet = NULL;
}

void kernel_net_start(struct net *net)
{
	net->generic = calloc(1, pernet->size);
	kernel_assert(net->generic && !pernet->init(net));
}

void kernel_net_end(struct net *net)
{
	pernet->pre_exit(net);
	free(net->generic);
	net->generic = NULL;
}
