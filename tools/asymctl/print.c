// SPDX-License-Identifier: GPL-2.0
/*
 * Names of numbers, and text of any length.
 */
#include <stdarg.h>
#include <asym/flow_names_gen.h>
#include <asym/names_gen.h>

#include "asymctl.h"

static const char *const reasons[] = ASYM_REASON_NAMES;
static const char *const states[] = ASYM_STATE_NAMES;
static const char *const flow_roles[] = ASYM_FLOW_ROLE_NAMES;
static const char *const flow_states[] = ASYM_FLOW_STATE_NAMES;

/* A kernel newer than this program may know more of them. */
static const char *number_name(uint32_t number)
{
	static char text[16];

	snprintf(text, sizeof(text), "%u", number);
	return text;
}

const char *reason_name(uint32_t reason)
{
	return reason <= ASYM_REASON_MAX ? reasons[reason] :
					   number_name(reason);
}

const char *state_name(uint32_t state)
{
	return state <= ASYM_STATE_MAX ? states[state] : number_name(state);
}

const char *flow_role_name(uint32_t role)
{
	return role <= ASYM_FLOW_ROLE_MAX ? flow_roles[role] :
					    number_name(role);
}

const char *flow_state_name(uint32_t state)
{
	return state <= ASYM_FLOW_STATE_MAX ? flow_states[state] :
					      number_name(state);
}

/* Text of which as much as fits is good enough. */
void text_cut(char *text, size_t size, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, size, fmt, ap);
	va_end(ap);
}

/* Whatever a peer put into a name, the terminal gets printable ASCII. */
void print_safe(FILE *out, const char *text)
{
	for (; *text; text++) {
		unsigned char c = *text;

		if (c < 0x20 || c > 0x7e || c == '\\')
			fprintf(out, "\\x%02x", c);
		else
			fputc(c, out);
	}
}
