// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Who may negotiate asymmetric ESP, and why not.
 *
 * strongSwan selects a transform of the private-use space only if the peer is known
 * to mean the same by it.  Both sides say so by a vendor ID in IKE_SA_INIT, and
 * only while their kernel module is there.  So a peer without plugin or module ends
 * in NO_PROPOSAL_CHOSEN, or in the next proposal of the list.  IKE_SA_INIT is
 * authenticated later (RFC 7296, 2.15): nobody between the peers takes the vendor
 * ID out unnoticed.
 */
#include <unistd.h>

#include <daemon.h>
#include <encoding/payloads/vendor_id_payload.h>

#include "asym.h"

/* The version is that of the wire format: another one is another vendor ID. */
static const char vendor_id[] = "asymmetric-esp-1";

/* It appears last when the module is loaded, in each network namespace. */
static const char module_file[] = "/proc/net/esp_asym_stat";

static bool module_is_there(void)
{
	return access(module_file, F_OK) == 0;
}

static chunk_t our_vendor_id(void)
{
	return chunk_create((u_char *)vendor_id, sizeof(vendor_id) - 1);
}

static void announce(message_t *message)
{
	vendor_id_payload_t *vid;

	if (!module_is_there())
		return;
	vid = vendor_id_payload_create_data(PLV2_VENDOR_ID,
					    chunk_clone(our_vendor_id()));
	message->add_payload(message, &vid->payload_interface);
}

static void understand(ike_sa_t *ike_sa)
{
	host_t *peer = ike_sa->get_other_host(ike_sa);

	if (!module_is_there()) {
		DBG1(DBG_IKE,
		     "%H offers asymmetric ESP, but the kernel module esp_asym is not loaded here",
		     peer);
		return;
	}
	DBG1(DBG_IKE, "%H understands asymmetric ESP", peer);
	ike_sa->enable_extension(ike_sa, EXT_STRONGSWAN);
}

static void receive(ike_sa_t *ike_sa, message_t *message)
{
	enumerator_t *enumerator;
	payload_t *payload;

	enumerator = message->create_payload_enumerator(message);
	while (enumerator->enumerate(enumerator, &payload)) {
		vendor_id_payload_t *vid = (vendor_id_payload_t *)payload;

		if (payload->get_type(payload) != PLV2_VENDOR_ID ||
		    !chunk_equals(vid->get_data(vid), our_vendor_id()))
			continue;
		understand(ike_sa);
		/* Or strongSwan logs a vendor ID that it does not know. */
		message->remove_payload_at(message, enumerator);
		payload->destroy(payload);
		break;
	}
	enumerator->destroy(enumerator);
}

/* Called with a message that is not encrypted yet, or no longer. */
static bool on_message(listener_t *listener, ike_sa_t *ike_sa,
		       message_t *message, bool incoming, bool plain)
{
	if (!plain || message->get_exchange_type(message) != IKE_SA_INIT)
		return true;
	if (incoming)
		receive(ike_sa, message);
	else
		announce(message);
	return true;
}

static bool has_asym(proposal_t *proposal)
{
	return proposal->get_protocol(proposal) == PROTO_ESP &&
	       (proposal->has_transform(proposal, ENCRYPTION_ALGORITHM,
					ENCR_ASYM_GCM_AES) ||
		proposal->has_transform(proposal, ENCRYPTION_ALGORITHM,
					ENCR_ASYM_CHACHA20_POLY1305));
}

static void no_proposal(ike_sa_t *ike_sa, linked_list_t *proposals)
{
	enumerator_t *enumerator;
	proposal_t *proposal;
	bool ours = false;

	enumerator = proposals->create_enumerator(proposals);
	while (!ours && enumerator->enumerate(enumerator, &proposal))
		ours = has_asym(proposal);
	enumerator->destroy(enumerator);
	if (!ours)
		return;

	if (!module_is_there())
		DBG1(DBG_IKE,
		     "asymmetric ESP cannot be used: the kernel module esp_asym is not loaded here");
	else if (!ike_sa->supports_extension(ike_sa, EXT_STRONGSWAN))
		DBG1(DBG_IKE,
		     "asymmetric ESP cannot be used: %H has no plugin asym, or no kernel module esp_asym",
		     ike_sa->get_other_host(ike_sa));
	else
		DBG1(DBG_IKE,
		     "asymmetric ESP cannot be used: esp_proposals here and at %H have nothing in common",
		     ike_sa->get_other_host(ike_sa));
}

/* The kernel says why, and strongSwan 5.9 does not print it. */
static void not_installed(ike_sa_t *ike_sa, child_sa_t *child_sa)
{
	proposal_t *proposal = child_sa->get_proposal(child_sa);
	uint16_t alg;
	char *why;

	if (!proposal || !has_asym(proposal))
		return;
	if (!module_is_there())
		why = "the kernel module esp_asym is not loaded";
	else if (proposal->get_algorithm(proposal, INTEGRITY_ALGORITHM, &alg,
					 NULL))
		why = "it authenticates by itself: leave integrity algorithms out";
	else
		why = "\"ip xfrm state add\" with the same arguments says why";
	DBG1(DBG_IKE, "the kernel refused asymmetric ESP: %s", why);
}

static bool on_alert(listener_t *listener, ike_sa_t *ike_sa, alert_t alert,
		     va_list args)
{
	if (!ike_sa)
		return true;
	switch (alert) {
	case ALERT_PROPOSAL_MISMATCH_CHILD:
		no_proposal(ike_sa, va_arg(args, linked_list_t *));
		break;
	case ALERT_INSTALL_CHILD_SA_FAILED:
		not_installed(ike_sa, va_arg(args, child_sa_t *));
		break;
	default:
		break;
	}
	return true;
}

static listener_t negotiation = {
	.message = on_message,
	.alert = on_alert,
};

listener_t *asym_negotiation(void)
{
	return &negotiation;
}

void asym_negotiation_begin(void)
{
	if (!module_is_there())
		DBG1(DBG_LIB,
		     "the kernel module esp_asym is not loaded: asymmetric ESP is not negotiated until it is");
}
