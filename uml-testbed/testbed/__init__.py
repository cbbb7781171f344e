# SPDX-License-Identifier: GPL-2.0
"""Test bed: two hosts that speak iSCSI under IPsec, and what they need."""
