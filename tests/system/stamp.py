# SPDX-License-Identifier: MIT
"""A STAMP Session-Sender for tests (RFC 8762, RFC 8972): packets made and read with struct, nothing of the daemon's."""

import collections
import hashlib
import hmac
import struct

NTP_EPOCH_S = 2208988800
BASE, BASE_AUTHENTICATED = 44, 112

Reflection = collections.namedtuple("Reflection", "seq t3 error ssid t2 sender_seq t1 sender_error ttl tlvs")


def ntp(ns):
    """An NTP time stamp of nanoseconds since 1970."""
    return (ns // 10**9 + NTP_EPOCH_S) % 2**32 << 32 | (ns % 10**9 << 32) // 10**9


def ns_of(stamp):
    """The nanoseconds since 1970 of an NTP time stamp before 2036."""
    return ((stamp >> 32) - NTP_EPOCH_S) * 10**9 + ((stamp & 0xFFFFFFFF) * 10**9 >> 32)


def request(seq, t1=0, ssid=0, tlvs=b"", error=0x8001):
    return struct.pack("!IQHH28x", seq, t1, error, ssid) + tlvs


def tlv(kind, value, flags=0x80):
    return struct.pack("!BBH", flags, kind, len(value)) + value


def tlv_hmac(key, seq, before, flags=0x80):
    """The HMAC TLV that stands behind other TLVs (RFC 8972 section 4.8)."""
    return tlv(8, hmac.new(key, struct.pack("!I", seq) + before, hashlib.sha256).digest()[:16], flags)


def reflection(packet):
    fields = struct.unpack("!IQHHQIQHxxBxxx", packet[:BASE])
    return Reflection(*fields, packet[BASE:])


def signed_request(key, seq, t1=0, ssid=0, tlvs=b""):
    head = struct.pack("!I12xQHH68x", seq, t1, 0x8001, ssid)
    return head + hmac.new(key, head, hashlib.sha256).digest()[:16] + tlvs


def signed_reflection(key, packet):
    """Of an authenticated answer; None if its HMAC is wrong."""
    if hmac.new(key, packet[:96], hashlib.sha256).digest()[:16] != packet[96:112]:
        return None
    seq, t3, error, ssid, t2, sender_seq, t1, sender_error, ttl = struct.unpack("!I12xQHH4xQ8xI12xQH6xB15x", packet[:96])
    return Reflection(seq, t3, error, ssid, t2, sender_seq, t1, sender_error, ttl, packet[BASE_AUTHENTICATED:])
