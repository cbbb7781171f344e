// SPDX-License-Identifier: GPL-2.0
/*
 * Has what the modules under test ask the kernel for fail.  They are built with
 * asymfail.h, so a call is known by file and line, and none of anybody else is
 * touched.
 *
 *	nth	the nth call from now on fails, once; counts down to 0
 *	site	the next call at this site fails, once; -1 when it has
 *	every	of the calls at each site every so many fail; 0: none
 *
 * /proc/asymfail has a line for each site that was reached: index, file:line,
 * calls, failures.
 */
#include <linux/module.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#define SITES_MAX	128

static struct site {
	char		name[32];
	unsigned int	calls;
	unsigned int	failures;
} sites[SITES_MAX];

static unsigned int nr_sites;
static DEFINE_SPINLOCK(lock);

static int nth;
module_param(nth, int, 0644);
static int site = -1;
module_param(site, int, 0644);
static unsigned int every;
module_param(every, uint, 0644);

bool asym_fail(const char *file, int line)
{
	char name[sizeof(sites[0].name)];
	unsigned long flags;
	bool fails = false;
	unsigned int i;

	snprintf(name, sizeof(name), "%s:%d", kbasename(file), line);
	spin_lock_irqsave(&lock, flags);
	for (i = 0; i < nr_sites; i++)
		if (!strcmp(sites[i].name, name))
			break;
	if (i < SITES_MAX) {
		if (i == nr_sites)
			strscpy(sites[nr_sites++].name, name, sizeof(name));
		sites[i].calls++;
		fails = every && !(sites[i].calls % every);
		if (nth > 0 && !--nth)
			fails = true;
		if (site == i) {
			site = -1;
			fails = true;
		}
		sites[i].failures += fails;
	}
	spin_unlock_irqrestore(&lock, flags);
	return fails;
}
EXPORT_SYMBOL_GPL(asym_fail);

static int show(struct seq_file *seq, void *v)
{
	unsigned int i;

	for (i = 0; i < READ_ONCE(nr_sites); i++)
		seq_printf(seq, "%u %s %u %u\n", i, sites[i].name,
			   sites[i].calls, sites[i].failures);
	return 0;
}

static int __init asymfail_init(void)
{
	return proc_create_single("asymfail", 0444, NULL, show) ? 0 : -ENOMEM;
}

static void __exit asymfail_exit(void)
{
	remove_proc_entry("asymfail", NULL);
}

module_init(asymfail_init);
module_exit(asymfail_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Failures of what the modules under test ask for");
