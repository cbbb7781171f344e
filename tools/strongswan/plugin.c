// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Registration: keywords for esp_proposals, the names of the transforms here and
 * in the kernel, and the listener that follows negotiations.
 */
#include <daemon.h>
#include <crypto/proposal/proposal_keywords.h>
#include <plugins/plugin.h>

#include "asym.h"

/* What the plugin loader looks for in libstrongswan-asym.so. */
plugin_t *asym_plugin_create(void);

/* strongSwan keeps names of transforms in a list of ranges; ours goes first. */
static enum_name_t transform_names = {
	ENCR_ASYM_GCM_AES, ENCR_ASYM_CHACHA20_POLY1305, NULL,
	{ "ASYM_GCM_AES", "ASYM_CHACHA20_POLY1305" }
};

static const struct {
	const char *keyword;
	uint16_t id;
	uint16_t bits;
} keywords[] = {
	{ "asymgcm128", ENCR_ASYM_GCM_AES, ASYM_BITS_128 },
	{ "asymgcm256", ENCR_ASYM_GCM_AES, ASYM_BITS_256 },
	{ "asymchacha20poly1305", ENCR_ASYM_CHACHA20_POLY1305, ASYM_BITS_256 },
};

static struct {
	uint16_t id;
	char *name;
} kernel_names[] = {
	{ ENCR_ASYM_GCM_AES, "asym(gcm(aes))" },
	{ ENCR_ASYM_CHACHA20_POLY1305, "asym(chacha20,poly1305)" },
};

static char *get_name(plugin_t *plugin)
{
	return "asym";
}

static bool feature(plugin_t *plugin, plugin_feature_t *feature, bool reg,
		    void *data)
{
	unsigned int i;

	if (!reg) {
		charon->bus->remove_listener(charon->bus, asym_negotiation());
		return true;
	}
	for (i = 0; i < countof(kernel_names); i++)
		charon->kernel->register_algorithm(charon->kernel,
						   kernel_names[i].id,
						   ENCRYPTION_ALGORITHM, 0,
						   kernel_names[i].name);
	for (i = 0; i < countof(keywords); i++)
		lib->proposal->register_token(lib->proposal,
					      keywords[i].keyword,
					      ENCRYPTION_ALGORITHM,
					      keywords[i].id, keywords[i].bits);
	asym_negotiation_begin();
	charon->bus->add_listener(charon->bus, asym_negotiation());
	return true;
}

static int get_features(plugin_t *plugin, plugin_feature_t *features[])
{
	static plugin_feature_t f[] = {
		PLUGIN_CALLBACK(feature, NULL),
			PLUGIN_PROVIDE(CUSTOM, "asym"),
	};

	*features = f;
	return countof(f);
}

static void destroy(plugin_t *plugin)
{
	encryption_algorithm_names = transform_names.next;
}

static plugin_t plugin = {
	.get_name = get_name,
	.get_features = get_features,
	.destroy = destroy,
};

plugin_t *asym_plugin_create(void)
{
	transform_names.next = encryption_algorithm_names;
	encryption_algorithm_names = &transform_names;
	return &plugin;
}
