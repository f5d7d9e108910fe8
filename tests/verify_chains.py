"""Reads and checks envelopes, receipts, certificates and whole chains, and shares no code with what writes them.

Written from docs/envelope.md alone, with Python's standard library alone (3.11 or newer), so that what head office
holds can be checked by somebody who trusts neither head office nor its software:

    python3 tests/verify_chains.py golden FOLDER [--every-bit]   every golden file whose form the document describes
    python3 tests/verify_chains.py chains FILE [--root HEX]      a whole exported file
    python3 tests/verify_chains.py self-test                     published vectors, and an export made and spoilt here

Of each signed golden file one bit of each byte is changed in turn, or every bit, and each change must be refused.
HEX is the COSE_Key of the root that is known beforehand, or its thumbprint. Without it the file's own is believed.
Exit code 0 where everything agrees; 1 with the first thing that is wrong, and its place, otherwise.
It does not judge what facts mean, whether a moment is likely, or whether a certificate had expired.
"""

import argparse
import hashlib
import json
import re
import sys
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

MOST_BYTES_OF_AN_ENVELOPE = 32_768
DEEPEST_NESTING = 16
OWN_FORMAT = 1

CONTEXT_OF_ENVELOPES = b"shouwen/envelope/1"
CONTEXT_OF_RECEIPTS = b"shouwen/receipt/1"
CONTEXT_OF_CERTIFICATES = b"shouwen/certificate/1"

ACCEPTED, HELD, REFUSED = 0, 1, 2
HELD_FOR_UNKNOWN_FORMAT = 2
HIGHEST_REASON = {HELD: 4, REFUSED: 5}


class Wrong(Exception):
    """Something does not agree: what, and where if that is known."""

    def __init__(self, what, byte=None):
        super().__init__(what if byte is None else f"{what} (byte {byte})")
        self.what = what
        self.byte = byte


def require(condition, what):
    if not condition:
        raise Wrong(what)


def sha256(data):
    return hashlib.sha256(data).digest()


# --- CBOR in its deterministic form -----------------------------------------------------------------------------------


class Decoder:
    """Reads items one after the other and refuses every form but the deterministic one."""

    def __init__(self, data, at=0):
        self.data = data
        self.at = at

    def take(self, count):
        end = self.at + count
        if end > len(self.data):
            raise Wrong("CBOR ends in the middle of an item", self.at)
        taken = self.data[self.at : end]
        self.at = end
        return taken

    def head(self):
        """The major type and the argument of the next item."""
        start = self.at
        first = self.take(1)[0]
        major, low = first >> 5, first & 31
        if low < 24:
            return major, low
        if low > 27:
            raise Wrong("CBOR with an indefinite length or a reserved form", start)
        width = 1 << (low - 24)
        argument = int.from_bytes(self.take(width), "big")
        if major == 7:
            raise Wrong("CBOR with a float or an unknown simple value", start)
        least = 24 if width == 1 else 1 << (4 * width)
        if argument < least:
            raise Wrong("CBOR with an integer or a length that is not in its shortest form", start)
        return major, argument

    def item(self, depth=0):
        start = self.at
        if depth > DEEPEST_NESTING:
            raise Wrong(f"CBOR nested deeper than {DEEPEST_NESTING}", start)
        major, argument = self.head()
        if major == 0:
            return argument
        if major == 1:
            return -1 - argument
        if major == 2:
            return self.take(argument)
        if major == 3:
            return self.text(argument, start)
        if major == 4:
            return [self.item(depth + 1) for _ in range(self.count(argument, start))]
        if major == 5:
            return self.map(self.count(argument, start), depth)
        if major == 6:
            raise Wrong("CBOR with a tag", start)
        if argument not in (20, 21, 22):
            raise Wrong("CBOR with a float or an unknown simple value", start)
        return {20: False, 21: True, 22: None}[argument]

    def count(self, argument, start):
        if argument > len(self.data) - self.at:
            raise Wrong("CBOR that promises more items than there are bytes", start)
        return argument

    def text(self, length, start):
        try:
            return self.take(length).decode("utf-8")
        except UnicodeDecodeError:
            raise Wrong("CBOR with a text that is not UTF-8", start) from None

    def map(self, count, depth):
        entries = {}
        before = b""
        for _ in range(count):
            start = self.at
            key = self.item(depth + 1)
            encoded = self.data[start : self.at]
            if type(key) is not int:
                raise Wrong("CBOR with a key that is not an integer", start)
            if encoded <= before:
                raise Wrong("CBOR with keys out of order, or one twice", start)
            before = encoded
            entries[key] = self.item(depth + 1)
        return entries


def decode(data):
    """The one item that the bytes hold."""
    decoder = Decoder(data)
    item = decoder.item()
    if decoder.at != len(data):
        raise Wrong("something stands behind the item", decoder.at)
    return item


def encode_head(major, argument):
    if argument < 24:
        return bytes([major << 5 | argument])
    for low, width in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if argument < 1 << (8 * width):
            return bytes([major << 5 | low]) + argument.to_bytes(width, "big")
    raise Wrong(f"{argument} is too large for CBOR")


def encode(item):
    if item is None or isinstance(item, bool):
        return {False: b"\xf4", True: b"\xf5", None: b"\xf6"}[item]
    if isinstance(item, int):
        return encode_head(0, item) if item >= 0 else encode_head(1, -1 - item)
    if isinstance(item, bytes):
        return encode_head(2, len(item)) + item
    if isinstance(item, str):
        text = item.encode("utf-8")
        return encode_head(3, len(text)) + text
    if isinstance(item, list):
        return encode_head(4, len(item)) + b"".join(map(encode, item))
    entries = sorted((encode(key), encode(value)) for key, value in item.items())
    return encode_head(5, len(entries)) + b"".join(key + value for key, value in entries)


# --- What fields may hold ---------------------------------------------------------------------------------------------


def is_integer(value):
    return type(value) is int


def is_count(value):
    return type(value) is int and value >= 0


def is_format(value):
    return value == OWN_FORMAT and type(value) is int


def is_sequence(value):
    return type(value) is int and value >= 1


def is_identifier(value):
    return type(value) is bytes and len(value) == 16


def is_salt(value):
    return type(value) is bytes and len(value) == 16


def is_hash(value):
    return type(value) is bytes and len(value) == 32


def is_signature(value):
    return type(value) is bytes and len(value) == 64


def is_name(value):
    return type(value) is str and re.fullmatch("[a-z0-9-]{1,40}", value) is not None


def is_truth(value):
    return type(value) is bool


def is_text(value):
    return type(value) is str


def is_clock_evidence(value):
    return type(value) is dict and is_integer(value.get(1)) and is_count(value.get(2))


def is_rule_texts(value):
    return type(value) is dict and all(is_hash(value.get(key)) for key in (1, 2, 3, 4))


def check_fields(fields, forms, what):
    """Each field of `forms`, `key: (name, form, required)`, has its form; keys beyond them are skipped."""
    require(type(fields) is dict, f"{what} is not a map")
    for key, (name, form, required) in forms.items():
        if key in fields:
            require(form(fields[key]), f"{what}: {name} (key {key}) has the wrong form")
        else:
            require(not required, f"{what}: {name} (key {key}) is missing")


# --- Ed25519 (RFC 8032) -----------------------------------------------------------------------------------------------

EDWARDS_PRIME = 2**255 - 19
EDWARDS_ORDER = 2**252 + 27742317777372353535851937790883648493
EDWARDS_D = -121665 * pow(121666, -1, EDWARDS_PRIME) % EDWARDS_PRIME
EDWARDS_ROOT_OF_MINUS_ONE = pow(2, (EDWARDS_PRIME - 1) // 4, EDWARDS_PRIME)
EDWARDS_NEUTRAL = (0, 1, 1, 0)


def edwards_add(first, second):
    """The sum of two points in extended coordinates; complete, so it doubles too."""
    x1, y1, z1, t1 = first
    x2, y2, z2, t2 = second
    a = (y1 - x1) * (y2 - x2) % EDWARDS_PRIME
    b = (y1 + x1) * (y2 + x2) % EDWARDS_PRIME
    c = 2 * EDWARDS_D * t1 % EDWARDS_PRIME * t2 % EDWARDS_PRIME
    d = 2 * z1 * z2 % EDWARDS_PRIME
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % EDWARDS_PRIME, g * h % EDWARDS_PRIME, f * g % EDWARDS_PRIME, e * h % EDWARDS_PRIME


def edwards_negative(point):
    x, y, z, t = point
    return EDWARDS_PRIME - x, y, z, EDWARDS_PRIME - t


def edwards_encode(point):
    x, y, z, _ = point
    inverse = pow(z, -1, EDWARDS_PRIME)
    x, y = x * inverse % EDWARDS_PRIME, y * inverse % EDWARDS_PRIME
    return (y | (x & 1) << 255).to_bytes(32, "little")


def edwards_decode(data):
    """The point that 32 bytes stand for, or None where they stand for none."""
    number = int.from_bytes(data, "little")
    sign, y = number >> 255, number & (1 << 255) - 1
    if y >= EDWARDS_PRIME:
        return None
    square = (y * y - 1) * pow(EDWARDS_D * y * y + 1, -1, EDWARDS_PRIME) % EDWARDS_PRIME
    x = pow(square, (EDWARDS_PRIME + 3) // 8, EDWARDS_PRIME)
    if x * x % EDWARDS_PRIME != square:
        x = x * EDWARDS_ROOT_OF_MINUS_ONE % EDWARDS_PRIME
    if x * x % EDWARDS_PRIME != square or (x == 0 and sign == 1):
        return None
    if x & 1 != sign:
        x = EDWARDS_PRIME - x
    return x, y, 1, x * y % EDWARDS_PRIME


def is_of_small_order(point):
    """Whether eight times it is the neutral point: as a key, it is one for which anybody signs anything."""
    for _ in range(3):
        point = edwards_add(point, point)
    x, y, z, _ = point
    return x % EDWARDS_PRIME == 0 and (y - z) % EDWARDS_PRIME == 0


EDWARDS_BASE = edwards_decode(bytes.fromhex("58" + "66" * 31))


def edwards_challenge(commitment, public, message):
    digest = hashlib.sha512(commitment + public + message).digest()
    return int.from_bytes(digest, "little") % EDWARDS_ORDER


def ed25519_verifies(public, message, signature):
    """The equation of RFC 8032, 5.1.7 with its cofactor, by which many signatures hold together where each holds alone."""
    point = edwards_decode(public)
    commitment, scalar = signature[:32], int.from_bytes(signature[32:], "little")
    committed = edwards_decode(commitment)
    if point is None or committed is None or scalar >= EDWARDS_ORDER or is_of_small_order(point):
        return False
    sum_of_both = sum_of_products(
        (edwards_windows(EDWARDS_BASE), scalar),
        (edwards_windows(edwards_negative(point)), edwards_challenge(commitment, public, message)),
        edwards_add,
        EDWARDS_NEUTRAL,
    )
    return is_of_small_order(edwards_add(sum_of_both, edwards_negative(committed)))


# --- ECDSA over P-256 with SHA-256 ------------------------------------------------------------------------------------

P256_PRIME = 2**256 - 2**224 + 2**192 + 2**96 - 1
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
P256_B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
P256_BASE = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
    1,
)
P256_NEUTRAL = (0, 1, 0)


def p256_add(first, second):
    """The sum of two points in projective coordinates; complete (Renes, Costello, Batina 2015, a = -3)."""
    x1, y1, z1 = first
    x2, y2, z2 = second
    xx, yy, zz = x1 * x2, y1 * y2, z1 * z2
    xy = (x1 * y2 + x2 * y1) % P256_PRIME
    yz = (y1 * z2 + y2 * z1) % P256_PRIME
    xz = (x1 * z2 + x2 * z1) % P256_PRIME
    shift = 3 * (xz - P256_B * zz) % P256_PRIME
    plus, minus = yy % P256_PRIME + shift, yy % P256_PRIME - shift
    cross = 3 * (P256_B * xz - 3 * zz - xx) % P256_PRIME
    slope = 3 * (xx - zz) % P256_PRIME
    return (
        (xy * plus - yz * cross) % P256_PRIME,
        (plus * minus + slope * cross) % P256_PRIME,
        (yz * minus + xy * slope) % P256_PRIME,
    )


def p256_point(x, y):
    """The point with these coordinates, or None where the curve has none."""
    if x >= P256_PRIME or y >= P256_PRIME:
        return None
    if (y * y - x * x * x + 3 * x - P256_B) % P256_PRIME != 0:
        return None
    return x, y, 1


def p256_verifies(x, y, message, signature):
    point = p256_point(int.from_bytes(x, "big"), int.from_bytes(y, "big"))
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    if point is None or not (0 < r < P256_ORDER and 0 < s < P256_ORDER):
        return False
    inverse = pow(s, -1, P256_ORDER)
    number = int.from_bytes(sha256(message), "big")
    found_x, _, found_z = sum_of_products(
        (p256_windows(P256_BASE), number * inverse % P256_ORDER),
        (p256_windows(point), r * inverse % P256_ORDER),
        p256_add,
        P256_NEUTRAL,
    )
    if found_z == 0:
        return False
    candidates = [r] if r + P256_ORDER >= P256_PRIME else [r, r + P256_ORDER]
    return any((candidate * found_z - found_x) % P256_PRIME == 0 for candidate in candidates)


# --- Multiplication on both curves ------------------------------------------------------------------------------------


def windows(point, add, neutral):
    """Row by row, for each four bits of a scalar: 0 to 15 times the point, times 16 to the power of the row."""
    rows = []
    for _ in range(64):
        row = [neutral]
        for _ in range(15):
            row.append(add(row[-1], point))
        rows.append(row)
        point = add(row[-1], point)
    return rows


@lru_cache(maxsize=64)
def edwards_windows(point):
    return windows(point, edwards_add, EDWARDS_NEUTRAL)


@lru_cache(maxsize=64)
def p256_windows(point):
    return windows(point, p256_add, P256_NEUTRAL)


def sum_of_products(first, second, add, neutral):
    """The sum of two points, each given by its windows and multiplied by its scalar."""
    total = neutral
    for rows, scalar in (first, second):
        for row in rows:
            if scalar & 15:
                total = add(total, row[scalar & 15])
            scalar >>= 4
    return total


# --- Keys and signatures ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Key:
    encoded: bytes
    algorithm: int
    coordinates: tuple

    @property
    def thumbprint(self):
        return sha256(self.encoded)

    @property
    def protected(self):
        """The protected header of every signature by this key."""
        return encode({1: self.algorithm, 4: self.thumbprint[:8]})

    def verifies(self, message, signature):
        if self.algorithm == -19:
            return ed25519_verifies(*self.coordinates, message, signature)
        return p256_verifies(*self.coordinates, message, signature)


def read_key(fields, what):
    """A key from the map that stands for it."""
    require(type(fields) is dict, f"{what} is not a map")
    if set(fields) == {1, -1, -2} and fields[1] == 1 and fields[-1] == 6:
        require(is_hash(fields[-2]), f"{what}: x is not a byte string of 32")
        require(edwards_decode(fields[-2]) is not None, f"{what}: no point of the curve")
        return Key(encode(fields), -19, (fields[-2],))
    require(
        set(fields) == {1, -1, -2, -3} and fields[1] == 2 and fields[-1] == 1,
        f"{what} is neither an Ed25519 nor a P-256 COSE_Key of the required parts alone",
    )
    require(is_hash(fields[-2]) and is_hash(fields[-3]), f"{what}: x or y is not a byte string of 32")
    x, y = (int.from_bytes(fields[name], "big") for name in (-2, -3))
    require(p256_point(x, y) is not None, f"{what}: no point of the curve")
    return Key(encode(fields), -9, (fields[-2], fields[-3]))


def signed_beside(protected, context, payload):
    return encode(["Signature", b"", protected, context, payload])


def signed_around(protected, context, payload):
    return encode(["Signature1", protected, context, payload])


def check_signature_form(signature, what):
    require(type(signature) is list and len(signature) == 3, f"{what} is not an array of three")
    protected, unprotected, signed = signature
    require(type(protected) is bytes, f"{what}: the protected header is not a byte string")
    require(unprotected == {} and type(unprotected) is dict, f"{what}: the unprotected header is not an empty map")
    require(is_signature(signed), f"{what}: the signature has not 64 bytes")


def check_beside(key, context, payload, signature, what):
    """For a signature that was chosen because its protected header is exactly the key's."""
    protected, _, signed = signature
    require(key.verifies(signed_beside(protected, context, payload), signed), f"{what} does not verify")


# --- Envelopes --------------------------------------------------------------------------------------------------------

HEADER_FORMS = {
    1: ("format", is_format, True),
    2: ("vocabulary", is_count, True),
    4: ("envelope id", is_identifier, True),
    5: ("site", is_name, True),
    6: ("case", is_identifier, True),
    7: ("person", is_name, True),
    8: ("device", is_identifier, True),
    9: ("chain", is_count, True),
    10: ("sequence", is_sequence, True),
    11: ("hash of the envelope before", is_hash, False),
    12: ("logical counter", is_count, True),
    13: ("wall clock", is_integer, True),
    14: ("clock evidence", is_clock_evidence, False),
    15: ("hash of the last receipt seen", is_hash, False),
    16: ("texts of the rules", is_rule_texts, True),
    17: ("salted hash of the facts", is_hash, True),
    18: ("salted hash of the content", is_hash, False),
    19: ("whether its person is claimed", is_truth, False),
}
# What an envelope may hold in the name of a person who did not sign: a record, and photos.
RECORD, PHOTO = 0, 28
PLACE_FORMS = {key: HEADER_FORMS[key] for key in (8, 9, 10)}
CONTENT_FORMS = {
    1: ("matter", is_text, False),
    2: ("customer", is_text, False),
    3: ("phone", is_text, False),
    4: ("address", is_text, False),
    5: ("free text", is_text, False),
}


@dataclass(frozen=True)
class Envelope:
    header_bytes: bytes
    header: dict
    kinds_of_facts: list
    content: bytes | None
    signatures: list

    @property
    def hash(self):
        return sha256(self.header_bytes)

    @property
    def place(self):
        return self.header[8], self.header[9], self.header[10]

    @property
    def erased(self):
        return self.content is None and 18 in self.header


def read_header(data, of_any_format=False):
    header = decode_within(data, "the envelope's header")
    if type(header) is dict and is_integer(header.get(1)) and header[1] != OWN_FORMAT:
        require(of_any_format, f"the envelope's header has format {header[1]}, which this program does not know")
        check_fields(header, PLACE_FORMS, "the envelope's header")
        return header
    check_fields(header, HEADER_FORMS, "the envelope's header")
    return header


def check_names_one_before(header):
    require((11 in header) != (header[10] == 1), "the envelope's header: key 11 is absent exactly for sequence 1")


def read_envelope(data, of_any_format=False):
    """A well-formed envelope whose hashes agree; who signed it is another question."""
    require(len(data) <= MOST_BYTES_OF_AN_ENVELOPE, f"the envelope has {len(data)} bytes, more than are allowed")
    parts = decode_within(data, "the envelope")
    require(type(parts) is list and len(parts) == 6, "the envelope is not an array of six")
    header_bytes, facts, facts_salt, content, content_salt, signatures = parts
    require(type(header_bytes) is bytes, "the envelope's header is not a byte string")
    header = read_header(header_bytes, of_any_format)
    require(type(signatures) is list, "the envelope's signatures are not an array")
    for signature in signatures:
        check_signature_form(signature, "a signature of the envelope")
    kinds = []
    if header[1] == OWN_FORMAT:
        kinds = check_facts(header, facts, facts_salt)
        check_content(header, content, content_salt, len(kinds))
    return Envelope(header_bytes, header, kinds, content, signatures)


def check_facts(header, facts, salt):
    require(type(facts) is bytes, "the envelope's facts are not a byte string")
    require(is_salt(salt), "the envelope's facts salt is not a salt")
    require(sha256(salt + facts) == header[17], "the envelope's facts are not those that its header names")
    decoded = decode_within(facts, "the envelope's facts")
    require(type(decoded) is list, "the envelope's facts are not an array")
    for fact in decoded:
        check_fact(fact)
    return [fact[0] for fact in decoded]


def check_fact(fact):
    require(type(fact) is list and len(fact) == 2 and is_count(fact[0]), "a fact is not a kind's number and its fields")
    fields = fact[1]
    require(
        type(fields) is list and (not fields or len(fields) == 1 and type(fields[0]) is dict),
        "a fact's fields are not an array of one map or of nothing",
    )


def check_content(header, content, salt, n_facts):
    require((content is None) == (salt is None), "the envelope's content salt is null exactly where content is null")
    if content is None:
        return
    require(type(content) is bytes, "the envelope's content is neither a byte string nor null")
    require(is_salt(salt), "the envelope's content salt is not a salt")
    require(18 in header, "the envelope has content that its header does not name")
    require(sha256(salt + content) == header[18], "the envelope's content is not that which its header names")
    decoded = decode_within(content, "the envelope's content")
    require(type(decoded) is list, "the envelope's content is not an array")
    require(len(decoded) == n_facts, "the envelope has not one content for each fact")
    for one in decoded:
        check_fields(one, CONTENT_FORMS, "a content")


def decode_within(data, what):
    try:
        return decode(data)
    except Wrong as wrong:
        raise Wrong(f"{what}: {wrong}") from None


def check_signed_by(envelope, key):
    """The key's signature is among the envelope's, which may have others."""
    own = [signature for signature in envelope.signatures if signature[0] == key.protected]
    require(own, "the envelope has no signature with the protected header of its device's key")
    for signature in own:
        check_beside(key, CONTEXT_OF_ENVELOPES, envelope.header_bytes, signature, "the envelope's signature")


def check_signed_by_person(envelope, signers):
    """One of the person's keys signed it; or the person is claimed, and it holds what may be."""
    if envelope.header.get(19):
        first, *others = envelope.kinds_of_facts or [None]
        may_be = first == RECORD and all(it == PHOTO for it in others)
        require(may_be, "the envelope's person is claimed, and it holds more than the record of a new matter")
        return
    person = envelope.header[7]
    keys = {key.protected: key for name, key in signers if name == person}
    own = [signature for signature in envelope.signatures if signature[0] in keys]
    require(own, f"the envelope has no signature with the protected header of a key of {person!r}")
    for signature in own:
        key = keys[signature[0]]
        check_beside(key, CONTEXT_OF_ENVELOPES, envelope.header_bytes, signature, "the signature of the envelope's person")


# --- Certificates -----------------------------------------------------------------------------------------------------

COSE_KEY_OF_CONFIRMATION = 1


def is_signer(value):
    return type(value) is list and len(value) == 2 and is_name(value[0]) and type(value[1]) is bytes


CERTIFICATE_FORMS = {
    2: ("subject", is_text, True),
    4: ("expires", is_integer, False),
    6: ("issued", is_integer, True),
    8: ("confirmation", lambda value: type(value) is dict and set(value) == {COSE_KEY_OF_CONFIRMATION}, True),
}
DEVICE_CERTIFICATE_FORMS = {
    -70001: ("site", is_name, True),
    -70002: ("short code", is_text, True),
    -70003: ("people", lambda value: type(value) is list and all(map(is_name, value)), False),
    -70004: ("signers", lambda value: type(value) is list and all(map(is_signer, value)), False),
}


@dataclass(frozen=True)
class Certificate:
    subject: str
    key: Key
    site: str | None
    signers: list


def read_certificate(data, issuers):
    """A certificate that one of these keys signed."""
    parts = decode_within(data, "the certificate")
    require(type(parts) is list and len(parts) == 4, "the certificate is not an array of four")
    protected, unprotected, payload, signed = parts
    check_signature_form([protected, unprotected, signed], "the certificate's signature")
    require(type(payload) is bytes, "the certificate's payload is not a byte string")
    check_issuer(protected, payload, signed, issuers)
    claims = decode_within(payload, "the certificate's claims")
    check_fields(claims, CERTIFICATE_FORMS, "the certificate")
    subject = claims[2]
    if subject not in ("office", "intake"):
        require(re.fullmatch("device:[0-9a-f]{32}", subject), f"the certificate is for {subject!r}, of no known form")
        check_fields(claims, DEVICE_CERTIFICATE_FORMS, "the certificate")
    else:
        of_devices = claims.keys() & DEVICE_CERTIFICATE_FORMS.keys()
        require(not of_devices, "the certificate has claims that only devices have")
    key = read_key(claims[8][COSE_KEY_OF_CONFIRMATION], "the certificate's key")
    signers = [
        (person, read_key(decode_within(data, "a signer's key"), "a signer's key"))
        for person, data in claims.get(-70004, [])
    ]
    return Certificate(subject, key, claims.get(-70001), signers)


def check_issuer(protected, payload, signed, issuers):
    for key in issuers:
        if protected == key.protected:
            message = signed_around(protected, CONTEXT_OF_CERTIFICATES, payload)
            require(key.verifies(message, signed), "the certificate's signature does not verify")
            return
    raise Wrong("the certificate is signed by none of the keys that may sign it")


# --- Receipts ---------------------------------------------------------------------------------------------------------


def is_fate(value):
    if type(value) is not list or len(value) != 2 or not is_count(value[0]) or type(value[1]) is not list:
        return False
    fate, why = value
    if fate == ACCEPTED:
        return why == []
    return fate in HIGHEST_REASON and len(why) == 1 and is_count(why[0]) and why[0] <= HIGHEST_REASON[fate]


RECEIPT_FORMS = {
    1: ("device", is_identifier, True),
    2: ("chain", is_count, True),
    3: ("sequence", is_count, True),
    4: ("hash of the envelope", is_hash, True),
    5: ("fate", is_fate, True),
    6: ("moment", is_integer, True),
    7: ("epoch", is_count, True),
    8: ("highest sequence in a backup", is_count, False),
    10: ("hash of the receipts before it", is_hash, False),
}


@dataclass(frozen=True)
class Receipt:
    fields: dict

    @property
    def place(self):
        return self.fields[1], self.fields[2], self.fields[3]

    @property
    def envelope_hash(self):
        return self.fields[4]

    @property
    def fate(self):
        return self.fields[5][0]

    @property
    def held_for_unknown_format(self):
        return self.fields[5] == [HELD, [HELD_FOR_UNKNOWN_FORMAT]]

    @property
    def payload(self):
        return encode({key: value for key, value in self.fields.items() if key != 9})


def read_receipt(data):
    fields = decode_within(data, "the receipt")
    check_fields(fields, RECEIPT_FORMS, "the receipt")
    return Receipt(fields)


def check_receipt_signed_by(receipt, keys):
    require(9 in receipt.fields, "the receipt is not signed")
    signature = receipt.fields[9]
    check_signature_form(signature, "the receipt's signature")
    for key in keys:
        if signature[0] == key.protected:
            check_beside(key, CONTEXT_OF_RECEIPTS, receipt.payload, signature, "the receipt's signature")
            return
    raise Wrong("the receipt is signed by none of head office's keys")


# --- Chains in a file -------------------------------------------------------------------------------------------------


class ChainsInAFile:
    """Takes the items of an exported file one after the other, and refuses the first that does not verify."""

    def __init__(self, expected_root=None):
        self.expected_root = expected_root
        self.root = None
        self.office_keys = []
        self.places_of_chains = set()
        self.chain = None
        self.n_envelopes = 0
        self.ended = False

    def take(self, item):
        require(not self.ended, "something stands behind the end")
        require(type(item) is list and item and type(item[0]) is str, "this is not an array that begins with its name")
        takers = {
            "shouwen-chains": (4, self.take_start),
            "chain": (4, self.take_chain),
            "envelope": (3, self.take_envelope),
            "end": (3, self.take_end),
        }
        require(item[0] in takers, f"{item[0]!r} is no item of such a file")
        length, taker = takers[item[0]]
        require(len(item) == length, f"{item[0]!r} is not an array of {length}")
        started = self.root is not None
        require(started == (item[0] != "shouwen-chains"), "'shouwen-chains' stands first, and only there")
        taker(*item[1:])

    def take_start(self, version, root, certificates):
        require(is_format(version), f"the file has version {version}, which this program does not know")
        require(type(root) is bytes, "the root is not a byte string")
        self.root = read_key(decode_within(root, "the root"), "the root")
        if self.expected_root is not None:
            expected = self.expected_root in (self.root.encoded, self.root.thumbprint)
            require(expected, f"the file's root is another: thumbprint {self.root.thumbprint.hex()}")
        require(type(certificates) is list, "the certificates are not an array")
        for number, data in enumerate(certificates, 1):
            self.take_certificate_by_root(data, f"certificate {number}")

    def take_certificate_by_root(self, data, what):
        require(type(data) is bytes, f"{what} is not a byte string")
        try:
            certificate = read_certificate(data, [self.root])
            require(certificate.subject in ("office", "intake"), f"the root does not sign for {certificate.subject!r}")
        except Wrong as wrong:
            raise Wrong(f"{what}: {wrong}") from None
        if certificate.subject == "office":
            self.office_keys.append(certificate.key)

    def take_chain(self, device, number, certificate_bytes):
        require(is_identifier(device), "the chain's device is not an id")
        require(is_count(number), "the chain's number is not an integer from 0 up")
        require((device, number) not in self.places_of_chains, f"the chain {number} of {device.hex()} is there twice")
        require(type(certificate_bytes) is bytes, "the chain's certificate is not a byte string")
        certificate = read_certificate(certificate_bytes, self.office_keys)
        require(
            certificate.subject == f"device:{device.hex()}",
            f"the certificate is for {certificate.subject!r}, not for the chain's device {device.hex()}",
        )
        self.places_of_chains.add((device, number))
        self.chain = Chain(device, number, certificate)

    def take_envelope(self, envelope_bytes, receipt_bytes):
        require(self.chain is not None, "an envelope stands before the first chain")
        require(type(receipt_bytes) is bytes, "the receipt is not a byte string")
        receipt = read_receipt(receipt_bytes)
        check_receipt_signed_by(receipt, self.office_keys)
        null_or_bytes = envelope_bytes is None or type(envelope_bytes) is bytes
        require(null_or_bytes, "the envelope is neither a byte string nor null")
        self.chain.take(envelope_bytes, receipt)
        self.n_envelopes += 1

    def take_end(self, n_chains, n_envelopes):
        found = (len(self.places_of_chains), self.n_envelopes)
        promised = (n_chains, n_envelopes)
        require(all(map(is_count, promised)), "the numbers at the end are not integers from 0 up")
        require(found == promised, f"the end counts {promised} chains and envelopes; there are {found}")
        self.ended = True


class Chain:
    """The entries of one chain so far."""

    def __init__(self, device, number, certificate):
        self.device = device
        self.number = number
        self.key = certificate.key
        self.site = certificate.site
        self.signers = certificate.signers
        self.accepted_sequences = set()
        self.last_sequence = 0
        self.hashes = {}
        self.kept_hashes = set()

    def take(self, envelope_bytes, receipt):
        device, number, sequence = receipt.place
        require((device, number) == (self.device, self.number), "the receipt is for another device or chain")
        require(sequence >= self.last_sequence, f"sequence {sequence} stands behind {self.last_sequence}")
        refused = receipt.fate == REFUSED
        require((envelope_bytes is None) == refused, "an envelope is null exactly where it was refused")
        if envelope_bytes is not None:
            self.take_kept(envelope_bytes, receipt)
        self.last_sequence = sequence
        self.hashes.setdefault(sequence, set()).add(receipt.envelope_hash)

    def take_kept(self, envelope_bytes, receipt):
        envelope = read_envelope(envelope_bytes, receipt.held_for_unknown_format)
        device, number, sequence = envelope.place
        require((device, number) == (self.device, self.number), "the envelope names another device or chain")
        require(sequence == receipt.place[2], f"the envelope has sequence {sequence}, its receipt {receipt.place[2]}")
        require(envelope.hash == receipt.envelope_hash, "the receipt names the hash of another envelope")
        require(envelope.hash not in self.kept_hashes, "the same envelope is there twice")
        self.kept_hashes.add(envelope.hash)
        check_signed_by(envelope, self.key)
        require(envelope.header.get(5) == self.site, "the envelope names another site than the certificate")
        if envelope.header[1] == OWN_FORMAT:
            check_signed_by_person(envelope, self.signers)
            check_names_one_before(envelope.header)
        if receipt.fate != ACCEPTED:
            return
        require(sequence not in self.accepted_sequences, f"two entries of sequence {sequence} are accepted")
        self.accepted_sequences.add(sequence)
        if sequence > 1:
            self.check_follows(envelope.header[11], sequence)

    def check_follows(self, before, sequence):
        require(
            before in self.hashes.get(sequence - 1, ()),
            f"the envelope of sequence {sequence} follows {before.hex()}, which is no entry of sequence {sequence - 1}",
        )


def check_chains(data, expected_root=None):
    """The checked file; or the first thing that is wrong, with the number of its item and the byte in the file."""
    chains = ChainsInAFile(expected_root)
    decoder = Decoder(data)
    number = 0
    while decoder.at < len(data):
        number += 1
        start = decoder.at
        try:
            chains.take(decoder.item())
        except Wrong as wrong:
            byte = start if wrong.byte is None else wrong.byte
            raise Wrong(f"item {number}, byte {byte}: {wrong.what}") from None
    require(chains.ended, f"item {number + 1}, byte {len(data)}: the file stops before its end")
    return chains


def command_chains(path, root):
    expected = None if root is None else read_hexadecimal(root, "--root")
    chains = check_chains(path.read_bytes(), expected)
    if expected is None:
        print(f"root taken from the file itself, thumbprint {chains.root.thumbprint.hex()}")
    print(f"{len(chains.places_of_chains)} chains, {chains.n_envelopes} envelopes verify")


def read_hexadecimal(text, what):
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise Wrong(f"{what}: this is not hexadecimal") from None


# --- Diagnostic notation ----------------------------------------------------------------------------------------------


class DiagnosticNotation:
    """Reads the part of CBOR's diagnostic notation that the golden files use."""

    def __init__(self, text):
        self.text = text
        self.at = 0

    def whole(self):
        item = self.item()
        self.skip_space()
        require(self.at == len(self.text), f"diagnostic notation: something stands behind it at character {self.at}")
        return item

    def skip_space(self):
        self.at = re.compile(r"\s*").match(self.text, self.at).end()

    def try_take(self, token):
        self.skip_space()
        if self.text.startswith(token, self.at):
            self.at += len(token)
            return True
        return False

    def take(self, token):
        require(self.try_take(token), f"diagnostic notation: no {token!r} at character {self.at}")

    def try_match(self, pattern):
        self.skip_space()
        found = re.compile(pattern).match(self.text, self.at)
        if found:
            self.at = found.end()
        return found

    def item(self):
        for word, value in (("null", None), ("true", True), ("false", False)):
            if self.try_take(word):
                return value
        if self.try_take("<<"):
            inner = encode(self.item())
            self.take(">>")
            return inner
        if self.try_take("["):
            return self.listed("]", self.item)
        if self.try_take("{"):
            pairs = self.listed("}", self.pair)
            require(len(dict(pairs)) == len(pairs), "diagnostic notation: a key is there twice")
            return dict(pairs)
        return self.plain()

    def plain(self):
        if found := self.try_match(r"h'([0-9a-f\s]*)'"):
            return bytes.fromhex(found[1])
        if found := self.try_match(r"-?[0-9]+"):
            return int(found[0])
        require(self.text.startswith('"', self.at), f"diagnostic notation: nothing known at character {self.at}")
        text, self.at = json.JSONDecoder().raw_decode(self.text, self.at)
        return text

    def pair(self):
        key = self.item()
        self.take(":")
        return key, self.item()

    def listed(self, end, one):
        items = []
        while not self.try_take(end):
            if items:
                self.take(",")
            items.append(one())
        return items


# --- Golden files -----------------------------------------------------------------------------------------------------

UNSIGNED_ENVELOPES = ("Envelope", "Envelope-erased", "Envelope-without-content")
SIGNED_ENVELOPES = {
    "Envelope-claimed": ["Key-device"],
    "Envelope-signed": ["Key-device"],
    "Envelope-signed-by-p256": ["Key-office"],
    "Envelope-signed-by-two": ["Key-device", "Key-office"],
}
SUBJECTS = {
    "Certificate-device": "device",
    "Certificate-people": "device",
    "Certificate-signers": "device",
    "Certificate-intake": "intake",
    "Certificate-office": "office",
}
FATES = {
    "Receipt-least": [ACCEPTED, []],
    "Receipt-first-of-two": [ACCEPTED, []],
    "Receipt-last-of-two": [ACCEPTED, []],
    "Receipt-Accepted": [ACCEPTED, []],
    "Receipt-Held-Gap": [HELD, [0]],
    "Receipt-Held-Fork": [HELD, [1]],
    "Receipt-Held-UnknownFormat": [HELD, [2]],
    "Receipt-Held-CounterLeap": [HELD, [3]],
    "Receipt-Held-Revoked": [HELD, [4]],
    "Receipt-Refused-Malformed": [REFUSED, [0]],
    "Receipt-Refused-TooLarge": [REFUSED, [1]],
    "Receipt-Refused-NotYours": [REFUSED, [2]],
    "Receipt-Refused-Unsigned": [REFUSED, [3]],
    "Receipt-Refused-Withdrawn": [REFUSED, [4]],
    "Receipt-Refused-NotByPerson": [REFUSED, [5]],
}
UNSIGNED_RECEIPTS = ("Receipt-least", "Receipt-first-of-two")
EXPECTED = ("Header", "Key-device", "Key-office", *UNSIGNED_ENVELOPES, *SIGNED_ENVELOPES, *SUBJECTS, *FATES)


class GoldenFiles:
    """A folder of golden files: the bytes in hexadecimal, an empty line, the same in diagnostic notation."""

    def __init__(self, folder, every_bit):
        require(folder.is_dir(), f"{folder} is no folder")
        self.every_bit = every_bit
        self.paths = {path.stem: path for path in sorted(folder.glob("*.txt"))}
        for name in EXPECTED:
            require(name in self.paths, f"{folder / name}.txt is missing")

    def bytes_of(self, name):
        """The bytes of a file that stands twice for the same, in its deterministic form."""
        hexadecimal, _, notation = self.paths[name].read_text(encoding="utf-8").partition("\n\n")
        data = read_hexadecimal(hexadecimal, f"{name}.txt, the hexadecimal lines")
        require(encode(decode_within(data, f"{name}.txt")) == data, f"{name}.txt: written anew, the bytes are others")
        other = encode(DiagnosticNotation(notation).whole())
        require(other == data, f"{name}.txt: the diagnostic notation stands for other bytes")
        return data

    def key(self, name):
        return read_key(decode(self.bytes_of(name)), "the key")

    def check(self, name):
        """What was found to agree, in words; or None where the document does not describe the form."""
        checks = {
            "Envelope": self.check_envelope,
            "Header": self.check_header,
            "Key": self.check_key,
            "Certificate": self.check_certificate,
            "Receipt": self.check_receipt,
            "Fact": self.check_fact,
            "Content": self.check_content,
        }
        check = checks.get(name.split("-")[0])
        return None if check is None else check(name, self.bytes_of(name))

    def check_header(self, _, data):
        header = read_header(data)
        check_names_one_before(header)
        require(data == read_envelope(self.bytes_of("Envelope")).header_bytes, "it is not the header of Envelope.txt")
        return f"sequence {header[10]}, hash {sha256(data).hex()}"

    def check_key(self, _, data):
        key = read_key(decode(data), "the key")
        return f"algorithm {key.algorithm}, thumbprint {key.thumbprint.hex()}"

    def check_fact(self, _, data):
        fact = decode(data)
        check_fact(fact)
        return f"a fact of kind {fact[0]}"

    def check_content(self, _, data):
        check_fields(decode(data), CONTENT_FORMS, "the content")
        return "a content"

    def check_envelope(self, name, data):
        envelope = read_envelope(data)
        check_names_one_before(envelope.header)
        if name in SIGNED_ENVELOPES:
            return self.check_signed_envelope(name, SIGNED_ENVELOPES[name], data)
        require(name in UNSIGNED_ENVELOPES, "this program was not told who signed it")
        require(envelope.signatures == [], "it is signed, though by its name it is not")
        require(envelope.erased == (name == "Envelope-erased"), "whether it was erased is not what its name says")
        if name == "Envelope-without-content":
            require(envelope.content is None, "it has content")
        if name == "Envelope-erased":
            require(erase(self.bytes_of("Envelope")) == data, "it is not Envelope.txt with its content erased")
        return f"{'erased, ' if envelope.erased else ''}hash {envelope.hash.hex()}"

    def check_signed_envelope(self, name, key_names, data):
        keys = [self.key(name) for name in key_names]

        def check(changed):
            envelope = read_envelope(changed)
            for key in keys:
                check_signed_by(envelope, key)

        envelope = read_envelope(data)
        require(envelope.header.get(19, False) == (name == "Envelope-claimed"), "whether its person is claimed is not what its name says")
        if envelope.header.get(19):
            check_signed_by_person(envelope, [])
        check(data)
        check(erase(data))
        return f"signed by {' and '.join(f'{it}.txt' for it in key_names)}, erased too; {refused_changes(data, check, self.every_bit)}"

    def check_certificate(self, name, data):
        office = self.key("Key-office")
        require(name in SUBJECTS, "this program was not told for whom it is")
        certificate = read_certificate(data, [office])
        require(certificate.subject.split(":")[0] == SUBJECTS[name], f"it is for {certificate.subject!r}")
        expected_key = self.key("Key-device" if SUBJECTS[name] == "device" else "Key-office")
        require(certificate.key == expected_key, "it is for another key")
        refused = refused_changes(data, lambda changed: read_certificate(changed, [office]), self.every_bit)
        return f"for {certificate.subject}, signed by Key-office.txt; {refused}"

    def check_receipt(self, name, data):
        office = self.key("Key-office")
        receipt = read_receipt(data)
        require(name in FATES, "this program was not told which fate it is of")
        require(receipt.fields[5] == FATES[name], f"it is of fate {receipt.fields[5]}")
        if name in UNSIGNED_RECEIPTS:
            require(9 not in receipt.fields, "it is signed, though by its name it is not")
            return f"not signed, hash {sha256(receipt.payload).hex()}"

        if name == "Receipt-last-of-two":
            before = read_receipt(self.bytes_of("Receipt-first-of-two"))
            require(receipt.fields[10] == sha256(before.payload), "it does not vouch for Receipt-first-of-two.txt")

        def check(changed):
            check_receipt_signed_by(read_receipt(changed), [office])

        check(data)
        refused = refused_changes(data, check, self.every_bit)
        return f"signed by Key-office.txt, hash {sha256(receipt.payload).hex()}; {refused}"


def erase(envelope_bytes):
    header, facts, facts_salt, _, _, signatures = decode(envelope_bytes)
    return encode([header, facts, facts_salt, None, None, signatures])


def refused_changes(data, check, every_bit):
    """Changes a bit, or every bit, of each byte on its own, cuts and lengthens, and demands that each is refused."""
    changes = [
        (f"bit {bit} of byte {at}", flipped(data, at, bit))
        for at in range(len(data))
        for bit in (range(8) if every_bit else [at % 8])
    ]
    changes += [("the last byte, cut off", data[:-1]), ("a byte added behind", data + b"\0")]
    for what, changed in changes:
        require_refused(lambda: check(changed), f"a change of {what} is not refused")
    return f"all {len(changes)} changes of it are refused"


def flipped(data, at, bit):
    return data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1 :]


def require_refused(check, otherwise):
    try:
        check()
    except Wrong:
        return
    raise Wrong(otherwise)


def command_golden(folder, every_bit):
    files = GoldenFiles(folder, every_bit)
    others = []
    for name in files.paths:
        try:
            found = files.check(name)
        except Wrong as wrong:
            raise Wrong(f"{files.paths[name]}: {wrong}") from None
        if found is None:
            others.append(name)
        else:
            print(f"{name}.txt: {found}")
    if others:
        print(f"of forms that the document does not describe, not checked: {', '.join(others)}")
    print(f"{len(files.paths) - len(others)} files agree")


# --- Self-test: published vectors -------------------------------------------------------------------------------------

RFC_8032_TESTS = (
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
        "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
        "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
)

RFC_6979_PUBLIC_KEY = (
    "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6",
    "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299",
)
RFC_6979_TESTS = (
    (
        b"sample",
        "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
        "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8",
    ),
    (
        b"test",
        "f1abb023518351cd71d881567b1ea663ed3efcf6c5132b354f28d3b0b7d38367"
        "019f4113742a2b14bd25926b49c649155f267e60d3814b4c0cc84250e46f0083",
    ),
)

CBOR_THAT_IS_REFUSED = {
    "an integer not in its shortest form (one byte)": "1817",
    "an integer not in its shortest form (two bytes)": "1900ff",
    "an integer not in its shortest form (four bytes)": "1a0000ffff",
    "an integer not in its shortest form (eight bytes)": "1b00000000ffffffff",
    "a negative integer not in its shortest form": "3800",
    "a length of bytes not in its shortest form": "580100",
    "a length of text not in its shortest form": "780161",
    "a length of an array not in its shortest form": "980100",
    "a length of a map not in its shortest form": "b8010000",
    "an indefinite byte string": "5f4100ff",
    "an indefinite text": "7f6161ff",
    "an indefinite array": "9f00ff",
    "an indefinite map": "bf0000ff",
    "a break alone": "ff",
    "reserved additional information": "1c",
    "a tag": "c100",
    "keys out of order": "a202000100",
    "negative keys out of order": "a220000100",
    "a key twice": "a201000100",
    "a key that is a text": "a1616100",
    "a key that is true": "a1f500",
    "a half float": "f93c00",
    "a double float": "fb3ff0000000000000",
    "undefined": "f7",
    "a simple value": "f0",
    "a simple value of two bytes": "f8ff",
    "true in two bytes": "f815",
    "a text that is not UTF-8": "61ff",
    "a surrogate in a text": "63eda080",
    "a byte string cut off": "4201",
    "an integer cut off": "1901",
    "an array cut off": "8200",
    "an array of more items than memory holds": "9bffffffffffffffff",
    "something behind the item": "0000",
    "nothing": "",
    "nesting without bound": "81" * 5000 + "80",
}

CBOR_THAT_IS_READ = (
    ("1bffffffffffffffff", 2**64 - 1),
    ("3bffffffffffffffff", -(2**64)),
    ("1818", 24),
    ("190100", 256),
    ("1a00010000", 65536),
    ("1b0000000100000000", 2**32),
    ("a3010020032104", {1: 0, -1: 3, -2: 4}),
    ("83f4f5f6", [False, True, None]),
    ("62c3bc", "ü"),
)


# The commitment is that of an honest signature and a point of order eight: whoever holds the key can make it, and it
# is good by the equation with the cofactor alone.
WITH_A_POINT_OF_ORDER_EIGHT = (
    "88aa55e6afeed8960a3191de78600347db8acd0a3795412f275f049b86260488",
    b"kept",
    "5b61c2e3b93e6c06450f327ea72cdfeb8cde6aa020d2dd827ab3f86e708c8393"
    "2149687274a27d73dac6d6db51397a6e7357a2d2e8953ae2ab352a11e6633007",
)


def check_published_signatures():
    public, message, signature = WITH_A_POINT_OF_ORDER_EIGHT
    check_ed25519_vector("a point of order eight", bytes.fromhex(public), message, bytes.fromhex(signature))
    neutral = b"\1" + bytes(31)
    beyond = bytes.fromhex("ee" + "ff" * 30 + "7f" + "8cefcb816d973e9126bade7eb508d6ea07e67584a7dbe87d5a96d9b2c2232409")
    require(not ed25519_verifies(bytes.fromhex(public), b"kept", beyond), "a commitment in another form is taken")
    require(not ed25519_verifies(neutral, b"kept", neutral + bytes(32)), "a key that signs for everything is taken")
    for number, (public, message, signature) in enumerate(RFC_8032_TESTS, 1):
        check_ed25519_vector(f"RFC 8032, test {number}", *map(bytes.fromhex, (public, message, signature)))
    x, y = map(bytes.fromhex, RFC_6979_PUBLIC_KEY)
    for message, signature in RFC_6979_TESTS:
        check_p256_vector(f"RFC 6979, {message.decode()}", x, y, message, bytes.fromhex(signature))


def check_ed25519_vector(what, public, message, signature):
    require(ed25519_verifies(public, message, signature), f"{what}: refused")
    require(not ed25519_verifies(public, message + b"\0", signature), f"{what}: another message is taken")
    large = int.from_bytes(signature[32:], "little") + EDWARDS_ORDER
    require(
        not ed25519_verifies(public, message, signature[:32] + large.to_bytes(32, "little")),
        f"{what}: a scalar beyond the order is taken",
    )
    for at in range(64):
        changed = flipped(signature, at, at % 8)
        require(not ed25519_verifies(public, message, changed), f"{what}: byte {at} may be changed")
    require(edwards_decode(bytes.fromhex("02" + "00" * 31)) is None, "a point beside Edwards's curve is taken")
    require(edwards_decode(b"\xff" * 31 + b"\x7f") is None, "a coordinate beyond Edwards's prime is taken")
    require(edwards_decode(b"\1" + b"\0" * 30 + b"\x80") is None, "a negative zero is taken")


def check_p256_vector(what, x, y, message, signature):
    require(p256_verifies(x, y, message, signature), f"{what}: refused")
    require(not p256_verifies(x, y, message + b"\0", signature), f"{what}: another message is taken")
    require(not p256_verifies(x, flipped(y, 31, 0), message, signature), f"{what}: a point beside the curve is taken")
    zero, order = bytes(32), P256_ORDER.to_bytes(32, "big")
    for wrong in (zero, order):
        require(not p256_verifies(x, y, message, wrong + signature[32:]), f"{what}: r out of range is taken")
        require(not p256_verifies(x, y, message, signature[:32] + wrong), f"{what}: s out of range is taken")
    for at in range(64):
        changed = flipped(signature, at, at % 8)
        require(not p256_verifies(x, y, message, changed), f"{what}: byte {at} may be changed")


def check_canonical_form():
    for what, hexadecimal in CBOR_THAT_IS_REFUSED.items():
        require_refused(lambda: decode(bytes.fromhex(hexadecimal)), f"CBOR with {what} is not refused")
    for hexadecimal, item in CBOR_THAT_IS_READ:
        data = bytes.fromhex(hexadecimal)
        require(decode(data) == item, f"{hexadecimal} is read as another item")
        require(encode(item) == data, f"{item!r} is written as another item")


# --- Self-test: an export made and spoilt here ------------------------------------------------------------------------


def multiply(rows, scalar, add, neutral):
    return sum_of_products((rows, scalar), ([], 0), add, neutral)


class Ed25519Signer:
    def __init__(self, seed):
        digest = hashlib.sha512(seed).digest()
        self.scalar = int.from_bytes(digest[:32], "little") & ((1 << 254) - 8) | 1 << 254
        self.prefix = digest[32:]
        self.public = self.times_base(self.scalar)
        self.key = read_key({1: 1, -1: 6, -2: self.public}, "the key")

    @staticmethod
    def times_base(scalar):
        return edwards_encode(multiply(edwards_windows(EDWARDS_BASE), scalar, edwards_add, EDWARDS_NEUTRAL))

    def sign(self, message):
        nonce = int.from_bytes(hashlib.sha512(self.prefix + message).digest(), "little") % EDWARDS_ORDER
        commitment = self.times_base(nonce)
        scalar = (nonce + edwards_challenge(commitment, self.public, message) * self.scalar) % EDWARDS_ORDER
        return commitment + scalar.to_bytes(32, "little")


class P256Signer:
    """Its nonces are good enough for a test and for nothing else."""

    def __init__(self, seed):
        self.scalar = int.from_bytes(sha256(seed), "big") % P256_ORDER
        x, y = self.times_base(self.scalar)
        self.key = read_key({1: 2, -1: 1, -2: x.to_bytes(32, "big"), -3: y.to_bytes(32, "big")}, "the key")

    @staticmethod
    def times_base(scalar):
        x, y, z = multiply(p256_windows(P256_BASE), scalar, p256_add, P256_NEUTRAL)
        inverse = pow(z, -1, P256_PRIME)
        return x * inverse % P256_PRIME, y * inverse % P256_PRIME

    def sign(self, message):
        nonce = int.from_bytes(sha256(self.scalar.to_bytes(32, "big") + message), "big") % P256_ORDER
        r = self.times_base(nonce)[0] % P256_ORDER
        s = pow(nonce, -1, P256_ORDER) * (int.from_bytes(sha256(message), "big") + r * self.scalar) % P256_ORDER
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def make_beside(signer, context, payload):
    protected = signer.key.protected
    return [protected, {}, signer.sign(signed_beside(protected, context, payload))]


@lru_cache(maxsize=2)
def persons_signer(turn):
    """With which the person of the file signs: at first, and after a while."""
    return Ed25519Signer(b"wang-jg" + bytes([turn]))


def make_certificate(issuer, subject, key, **further):
    claims = {2: subject, 6: 1_783_904_760, 8: {1: decode(key.encoded)}}
    if subject.startswith("device:"):
        signers = [["wang-jg", persons_signer(turn).key.encoded] for turn in (0, 1)]
        claims |= {-70001: "jinhua-garden", -70002: "K7", -70003: ["wang-jg"], -70004: signers}
    payload = encode(claims | further.get("claims", {}))
    protected = issuer.key.protected
    signed = issuer.sign(signed_around(protected, CONTEXT_OF_CERTIFICATES, payload))
    return encode([protected, {}, payload, signed])


def make_receipt(signer, device, chain, sequence, envelope_hash, fate, **further):
    fields = {1: device, 2: chain, 3: sequence, 4: envelope_hash, 5: fate, 6: 1_783_904_760_000, 7: 2}
    fields |= further.get("fields", {})
    return encode(fields | {9: make_beside(signer, CONTEXT_OF_RECEIPTS, encode(fields))})


def make_envelope(signer, device, chain, sequence, before, **further):
    """An envelope and its hash; `header` puts other values into the header, or takes out where None."""
    mark = bytes([further.get("mark", 0)])
    facts, content = further.get("facts", [[45, [{1: mark * 16}]]]), further.get("content", [{5: "水"}])
    facts, content = encode(facts), encode(content)
    facts_salt, content_salt = further.get("facts_salt", b"f" * 16), further.get("content_salt", b"c" * 16)
    header = {1: 1, 2: 1, 4: sequence.to_bytes(15, "big") + mark, 5: "jinhua-garden", 6: b"c" * 16, 7: "wang-jg"}
    header |= {8: device, 9: chain, 10: sequence, 11: before, 12: sequence, 13: 1_783_904_760_000}
    header |= {16: dict.fromkeys((1, 2, 3, 4), bytes(32))}
    header |= {17: sha256(facts_salt + facts), 18: sha256(content_salt + content)}
    header = encode({key: value for key, value in (header | further.get("header", {})).items() if value is not None})
    signers = [signer, further.get("person", persons_signer(sequence % 2))]
    signatures = [make_beside(it, CONTEXT_OF_ENVELOPES, header) for it in signers if it is not None]
    signatures = further.get("others", []) + signatures
    return encode([header, facts, facts_salt, content, content_salt, signatures]), sha256(header)


def with_one_wrong(parts):
    """The array with each of its parts of a wrong type, with null, and with none of it."""
    for at in range(len(parts)):
        before, behind = parts[:at], parts[at + 1 :]
        yield f"part {at} as true", [*before, True, *behind]
        if parts[at] is not None:
            yield f"part {at} as null", [*before, None, *behind]
        yield f"part {at} left out", [*before, *behind]


class Export:
    """A small file with a fork, a refused, a held and an erased envelope, and one whose format nobody knows yet."""

    def __init__(self):
        self.root, self.office, self.intake = (P256Signer(name) for name in (b"root", b"office", b"intake"))
        self.first, self.second = Ed25519Signer(b"first"), P256Signer(b"second")
        self.devices = b"1" * 16, b"2" * 16
        for_office = make_certificate(self.root, "office", self.office.key)
        for_intake = make_certificate(self.root, "intake", self.intake.key)
        self.items = [["shouwen-chains", 1, self.root.key.encoded, [for_office, for_intake]]]
        self.add_first_chain()
        self.add_second_chain()
        self.items.append(["end", 2, 9])

    def first_envelope(self, sequence, before, **further):
        return make_envelope(self.first, self.devices[0], 1, sequence, before, **further)

    def first_receipt(self, sequence, envelope_hash, fate, signer=None, **further):
        return make_receipt(signer or self.office, self.devices[0], 1, sequence, envelope_hash, fate, **further)

    def first_certificate(self, signer=None, key=None, **further):
        subject = f"device:{self.devices[0].hex()}"
        return make_certificate(signer or self.office, subject, key or self.first.key, **further)

    def add_first_chain(self):
        one, one_hash = self.first_envelope(1, None)
        two, self.two_hash = self.first_envelope(2, one_hash)
        fork, self.fork_hash = self.first_envelope(2, one_hash, mark=7)
        _, self.three_hash = self.first_envelope(3, self.two_hash)
        four, four_hash = self.first_envelope(4, self.three_hash, header={20: ["skipped"]})
        later_version = {1: 2, 16: None, 99: "what a later version writes"}
        five, five_hash = self.first_envelope(5, four_hash, header=later_version)
        gap, gap_hash = self.first_envelope(8, b"g" * 32)
        entries = (
            (1, one, one_hash, [ACCEPTED, []]),
            (2, fork, self.fork_hash, [HELD, [1]]),
            (2, two, self.two_hash, [ACCEPTED, []]),
            (3, None, self.three_hash, [REFUSED, [4]]),
            (4, erase(four), four_hash, [ACCEPTED, []]),
            (5, five, five_hash, [HELD, [2]]),
            (8, gap, gap_hash, [HELD, [0]]),
        )
        self.items.append(["chain", self.devices[0], 1, self.first_certificate()])
        for sequence, envelope, envelope_hash, fate in entries:
            self.items.append(["envelope", envelope, self.first_receipt(sequence, envelope_hash, fate)])

    def add_second_chain(self):
        device = self.devices[1]
        certificate = make_certificate(self.office, f"device:{device.hex()}", self.second.key)
        self.items.append(["chain", device, 5, certificate])
        before = None
        in_a_claimed_name = {"header": {19: True}, "person": None, "facts": [[RECORD, [{}]]]}
        for sequence, how in (1, {}), (2, in_a_claimed_name):
            envelope, before = make_envelope(self.second, device, 5, sequence, before, **how)
            receipt = make_receipt(self.office, device, 5, sequence, before, [ACCEPTED, []], fields={8: 1, 12: "new"})
            self.items.append(["envelope", envelope, receipt])

    def with_items(self, *changes):
        """The file with `(place, item)` put in; an item of None takes the old one away."""
        items = list(self.items)
        for place, item in changes:
            items[place] = item
        return b"".join(encode(item) for item in items if item is not None)

    def with_wrong_types(self):
        """The file with each part of each item, and each field of a header and a receipt, of a type it never has."""
        for place, item in enumerate(self.items):
            for what, parts in with_one_wrong(item):
                yield f"{what} of item {place}", self.with_items((place, parts))
            yield f"item {place}, as an empty map", self.with_items((place, {}))
        _, envelope_bytes, receipt_bytes = self.items[2]
        for what, parts in with_one_wrong(decode(envelope_bytes)):
            yield f"{what} of an envelope", self.with_items((2, ["envelope", encode(parts), receipt_bytes]))
        chain = self.items[1]
        for what, parts in with_one_wrong(decode(chain[3])):
            yield f"{what} of a certificate", self.with_items((1, [*chain[:3], encode(parts)]))
        for key in HEADER_FORMS:
            entry = self.entry(4, self.three_hash, parts={"header": {key: True}})
            yield f"key {key} of a header", self.with_items((6, entry))
        for key in RECEIPT_FORMS:
            fields = read_receipt(self.items[6][2]).fields | {key: True}
            yield f"key {key} of a receipt", self.with_items((6, [*self.items[6][:2], encode(fields)]))

    def of_known_format(self):
        """The file without the envelope whose facts and content nobody can compare with its header yet."""
        return self.with_items((7, None), (-1, ["end", 2, 8]))

    def entry(self, sequence, before, fate=(ACCEPTED, []), **changes):
        """An entry of the first chain that is right but for what is asked for."""
        signer = changes.get("signer", self.first)
        named = changes.get("device", self.devices[0]), changes.get("chain", 1), changes.get("own_sequence", sequence)
        envelope, envelope_hash = make_envelope(signer, *named, before, **changes.get("parts", {}))
        return ["envelope", envelope, self.first_receipt(sequence, envelope_hash, list(fate), changes.get("office"))]

    def spoilt(self):
        """`what is wrong: (the file, a part of the message)`."""
        return (
            self.spoilt_in_its_frame()
            | self.spoilt_in_its_certificates()
            | self.spoilt_in_its_entries()
            | self.spoilt_in_one_envelope()
        )

    def spoilt_in_its_frame(self):
        start, chain, one = self.items[:3]
        root, certificates, second_certificate = start[2], start[3], self.items[9][3]
        by_root, by_intake = self.first_certificate(signer=self.root), self.first_certificate(signer=self.intake)
        another_key = self.first_certificate(key=self.second.key)

        def with_start(version, root, certificates):
            return self.with_items((0, ["shouwen-chains", version, root, certificates]))

        def with_certificate(certificate):
            return self.with_items((1, [*chain[:3], certificate]))

        return {
            "nothing": (b"", "stops before its end"),
            "another version": (with_start(2, root, certificates), "version 2"),
            "no start": (self.with_items((0, None)), "stands first"),
            "two starts": (self.with_items((1, start)), "stands first"),
            "no office": (with_start(1, root, certificates[1:]), "none of the keys"),
            "another root": (with_start(1, self.first.key.encoded, certificates), "none of the keys"),
            "a device certified by the root": (with_start(1, root, [*certificates, by_root]), "does not sign for"),
            "a device certified by intake": (with_certificate(by_intake), "none of the keys"),
            "another device's certificate": (with_certificate(second_certificate), "not for the chain's device"),
            "an office's certificate for a device": (with_certificate(certificates[0]), "none of the keys"),
            "a certificate for another key": (with_certificate(another_key), "no signature with the protected header"),
            "a chain twice": (self.with_items((-1, chain)), "is there twice"),
            "no chain": (self.with_items((1, None)), "before the first chain"),
            "another chain's number": (self.with_items((1, [*chain[:2], 2, chain[3]])), "another device or chain"),
            "an envelope too few": (self.with_items((8, None)), "the end counts"),
            "no end": (self.with_items((-1, None)), "stops before its end"),
            "something behind the end": (self.with_items() + b"\0", "behind the end"),
            "an item cut off": (self.with_items()[:-1], "in the middle of an item"),
            "an unknown item": (self.with_items((3, ["note", 1])), "is no item"),
            "an item with more parts": (self.with_items((2, [*one, 0])), "is not an array of 3"),
        }

    def spoilt_in_its_certificates(self):
        start, chain = self.items[:2]
        key = decode(self.first.key.encoded)
        beside_the_curve = {1: 2, -1: 1, -2: bytes(32), -3: bytes(32)}

        def with_claims(claims):
            return self.with_items((1, [*chain[:3], self.first_certificate(claims=claims)]))

        def with_office(claims):
            certificate = make_certificate(self.root, "office", self.office.key, claims=claims)
            return self.with_items((0, [*start[:3], [certificate]]))

        return {
            "a subject in capitals": (with_claims({2: "device:" + "AB" * 16}), "of no known form"),
            "a certificate that never was issued": (with_claims({6: "today"}), "issued (key 6)"),
            "a device of no site": (with_claims({-70001: None}), "site (key -70001)"),
            "a key with more parts": (with_claims({8: {1: key | {2: b"name"}}}), "of the required parts alone"),
            "a short key": (with_claims({8: {1: key | {-2: b"short"}}}), "not a byte string of 32"),
            "a key that is no map": (with_claims({8: {1: b"key"}}), "is not a map"),
            "an Ed25519 key of no point": (with_claims({8: {1: key | {-2: b"\2" + bytes(31)}}}), "no point"),
            "a signer without a key": (with_claims({-70004: [["wang-jg"]]}), "signers (key -70004)"),
            "a signer's key that is none": (with_claims({-70004: [["wang-jg", b"\xa0"]]}), "a signer's key"),
            "nobody who signs": (with_claims({-70004: None}), "signers (key -70004)"),
            "other people who sign": (
                with_claims({-70004: [["li-na", persons_signer(1).key.encoded]]}),
                "a key of 'wang-jg'",
            ),
            "a P-256 key of no point": (with_claims({8: {1: beside_the_curve}}), "no point"),
            "a short P-256 key": (with_claims({8: {1: beside_the_curve | {-3: b""}}}), "not a byte string of 32"),
            "an office with a site": (with_office({-70001: "jinhua-garden"}), "only devices have"),
        }

    def spoilt_in_its_entries(self):
        one, fork, two, three = self.items[2:6]
        unsigned = read_receipt(one[2]).payload
        where_refused = self.entry(1, None, (REFUSED, [0]))
        claimed = self.entry(1, None, parts={"header": {19: True}, "person": None})
        both_forks_lead_on = (5, self.entry(3, self.two_hash)), (6, self.entry(3, self.fork_hash))
        return {
            "entries out of order": (self.with_items((4, three), (5, two)), "stands behind"),
            "an entry left out that was refused": (self.with_items((5, None)), "is no entry of sequence 3"),
            "another chain's receipt": (self.with_items((2, [*one[:2], self.items[10][2]])), "for another device"),
            "a receipt without signature": (self.with_items((2, [*one[:2], unsigned])), "the receipt is not signed"),
            "a held envelope for no known reason": (self.with_items((3, self.entry(1, None, (HELD, [5])))), "fate"),
            "an envelope twice": (self.with_items((3, two)), "is there twice"),
            "null where it was accepted": (self.with_items((2, ["envelope", None, one[2]])), "null exactly where"),
            "an envelope where it was refused": (self.with_items((2, where_refused)), "null exactly where"),
            "another envelope's receipt": (self.with_items((3, ["envelope", two[1], fork[2]])), "hash of another"),
            "an envelope that follows nothing": (self.with_items((6, self.entry(4, b"x" * 32))), "of sequence 3"),
            "an accepted envelope behind a gap": (self.with_items((8, self.entry(8, b"x" * 32))), "of sequence 7"),
            "two accepted entries of one sequence": (self.with_items(*both_forks_lead_on), "are accepted"),
            "a claimed person, and no new matter": (self.with_items((2, claimed)), "holds more than the record"),
            "a first envelope that follows one": (self.with_items((2, self.entry(1, b"x" * 32))), "key 11 is absent"),
            "a later envelope that follows none": (self.with_items((6, self.entry(4, None))), "key 11 is absent"),
        }

    def spoilt_in_one_envelope(self):
        def with_fourth(**changes):
            return self.with_items((6, self.entry(4, self.three_hash, **changes)))

        def with_parts(**parts):
            return with_fourth(parts=parts)

        protected, _, signed = make_beside(self.second, CONTEXT_OF_ENVELOPES, b"")

        return {
            "another sequence than the receipt's": (with_fourth(own_sequence=5), "its receipt 4"),
            "another device in the envelope": (with_fourth(device=self.devices[1]), "names another device"),
            "another chain in the envelope": (with_fourth(chain=2), "names another device or chain"),
            "an envelope signed by another device": (with_fourth(signer=self.second), "no signature with the"),
            "an envelope in another's name": (with_parts(header={7: "li-na"}), "a key of 'li-na'"),
            "an envelope that its person did not sign": (with_parts(person=None), "a key of 'wang-jg'"),
            "an envelope signed by another person": (with_parts(person=self.intake), "a key of 'wang-jg'"),
            "a receipt signed by intake": (with_fourth(office=self.intake), "none of head office's keys"),
            "an accepted envelope of an unknown format": (with_parts(header={1: 2}), "format 2"),
            "content that the header does not name": (with_parts(header={18: None}), "does not name"),
            "content that is not the header's": (with_parts(header={18: bytes(32)}), "content is not that"),
            "facts that are not the header's": (with_parts(header={17: bytes(32)}), "facts are not those"),
            "a name with capitals": (with_parts(header={7: "Wang"}), "person (key 7)"),
            "no case": (with_parts(header={6: None}), "case (key 6) is missing"),
            "too much": (with_parts(content=[{5: "水" * 11_000}]), "more than are allowed"),
            "facts that are no array": (with_parts(facts={}), "facts are not an array"),
            "a fact of three": (with_parts(facts=[[1, [], 2]]), "a fact is not"),
            "a fact with two maps": (with_parts(facts=[[1, [{}, {}]]]), "a fact's fields are not"),
            "content that is no array": (with_parts(content={}), "content is not an array"),
            "two contents for one fact": (with_parts(content=[{}, {}]), "not one content for each fact"),
            "a content that is a number": (with_parts(content=[{1: 1}]), "matter (key 1)"),
            "a short facts salt": (with_parts(facts_salt=b"f" * 15), "facts salt is not a salt"),
            "a short content salt": (with_parts(content_salt=b"c" * 15), "content salt is not a salt"),
            "no content salt": (with_parts(content_salt=b""), "content salt is not a salt"),
            "a short signature": (with_parts(others=[[protected, {}, signed[1:]]]), "has not 64 bytes"),
            "an unprotected header": (with_parts(others=[[protected, {1: 1}, signed]]), "not an empty map"),
            "a signature of four": (with_parts(others=[[protected, {}, signed, 1]]), "not an array of three"),
        }


def check_made_export():
    export = Export()
    whole = export.with_items()
    for root in (None, export.root.key.encoded, export.root.key.thumbprint):
        chains = check_chains(whole, root)
        require((len(chains.places_of_chains), chains.n_envelopes) == (2, 9), "the export made here is counted wrong")
    require_refused(lambda: check_chains(whole, export.office.key.encoded), "another root than the expected is taken")
    spoilt = export.spoilt()
    for what, (data, part) in spoilt.items():
        check_refused_with(what, data, part)
    for what, data in export.with_wrong_types():
        require_refused(lambda: check_chains(data), f"a wrong type is not refused: {what}")
    of_known_format = export.of_known_format()
    check_chains(of_known_format)
    for at in range(0, len(of_known_format), 13):
        changed = flipped(of_known_format, at, at % 8)
        require_refused(lambda: check_chains(changed), f"a change of byte {at} of an export is not refused")
    return len(spoilt)


def check_refused_with(what, data, part):
    try:
        check_chains(data)
    except Wrong as wrong:
        require(part in str(wrong), f"an export with {what} is refused for another reason: {wrong}")
        require(re.match(r"item \d+, byte \d+: ", str(wrong)), f"an export with {what} is refused without a place")
        return
    raise Wrong(f"an export with {what} is not refused")


def command_self_test():
    check_published_signatures()
    print("the vectors of RFC 8032 (7.1, tests 1 to 3) and RFC 6979 (A.2.5, SHA-256) agree")
    check_canonical_form()
    print(f"{len(CBOR_THAT_IS_REFUSED)} forms of CBOR that is not deterministic are refused")
    n_spoilt = check_made_export()
    print(f"an export made here verifies; {n_spoilt} spoilt in one thing each are refused, and changes of its bytes")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    golden = commands.add_parser("golden")
    golden.add_argument("folder", type=Path)
    golden.add_argument("--every-bit", action="store_true")
    chains = commands.add_parser("chains")
    chains.add_argument("file", type=Path)
    chains.add_argument("--root", metavar="HEX")
    commands.add_parser("self-test")
    arguments = parser.parse_args()
    try:
        if arguments.command == "golden":
            command_golden(arguments.folder, arguments.every_bit)
        elif arguments.command == "chains":
            command_chains(arguments.file, arguments.root)
        else:
            command_self_test()
    except (Wrong, OSError, ValueError) as trouble:
        sys.exit(f"wrong: {trouble}")


if __name__ == "__main__":
    main()
