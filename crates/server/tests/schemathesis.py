"""Bodies in CBOR for the generator of requests: items as messages are made of, and bytes that are none."""

import struct

import schemathesis
from hypothesis import strategies as st


def head(major, n):
    for size, (code, limit) in enumerate([("B", 1 << 8), ("H", 1 << 16), ("I", 1 << 32), ("Q", 1 << 64)]):
        if n < 24:
            return bytes([major << 5 | n])
        if n < limit:
            return bytes([major << 5 | 24 + size]) + struct.pack(">" + code, n)
    raise ValueError(n)


def encoded(value):
    if value is None:
        return b"\xf6"
    if isinstance(value, bool):
        return b"\xf5" if value else b"\xf4"
    if isinstance(value, int):
        return head(0, value) if value >= 0 else head(1, -1 - value)
    if isinstance(value, bytes):
        return head(2, len(value)) + value
    if isinstance(value, str):
        text = value.encode("utf-8", "surrogatepass")
        return head(3, len(text)) + text
    if isinstance(value, list):
        return head(4, len(value)) + b"".join(map(encoded, value))
    return head(5, len(value)) + b"".join(encoded(key) + encoded(it) for key, it in value.items())


numbers = st.one_of(st.integers(0, 30), st.integers(-(1 << 64), (1 << 64) - 1))
leaves = st.one_of(
    numbers,
    st.text(max_size=20),
    st.binary(max_size=20),
    st.binary(min_size=16, max_size=16),
    st.binary(min_size=32, max_size=32),
    st.booleans(),
    st.none(),
    st.sampled_from(["wang-jianguo", "lanting", "100013"]),
)
items = st.recursive(
    leaves,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.integers(0, 8), inner, max_size=6)),
    max_leaves=16,
)
messages = st.dictionaries(st.integers(1, 8), items, max_size=8)
bodies = st.one_of(messages.map(encoded), items.map(encoded), st.binary(max_size=200))

schemathesis.openapi.media_type("application/cbor", bodies)
