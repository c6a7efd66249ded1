"""Remote write by hand: just enough protobuf and snappy to write its requests and to read answers."""
import struct

HEADERS = {"Content-Type": "application/x-protobuf", "Content-Encoding": "snappy", "X-Prometheus-Remote-Write-Version": "0.1.0"}


def varint(v):
    v &= (1 << 64) - 1
    out = bytearray()
    while v >= 0x80:
        out.append(v & 0x7F | 0x80)
        v >>= 7
    out.append(v)
    return bytes(out)


def zigzag(v):
    return varint(v << 1 ^ v >> 63)


def text(n, data):
    """A field of bytes: a text, a message, packed numbers."""
    data = data.encode() if isinstance(data, str) else data
    return varint(n << 3 | 2) + varint(len(data)) + data


def number(n, v):
    return varint(n << 3) + varint(v)


def signed(n, v):
    return varint(n << 3) + zigzag(v)


def double(n, v):
    """A number, or the bits of one as an integer."""
    return varint(n << 3 | 1) + (struct.pack("<d", v) if isinstance(v, float) else struct.pack("<Q", v))


def series(labels, samples=(), histograms=()):
    """One series of a request. labels: a dict, or pairs in the order that is wanted; samples: (time, value)."""
    pairs = sorted(labels.items()) if isinstance(labels, dict) else labels
    body = b"".join(text(1, text(1, k) + text(2, v)) for k, v in pairs)
    body += b"".join(text(2, double(1, v) + number(2, t)) for t, v in samples)
    return text(1, body + b"".join(text(4, h) for h in histograms))


def snappy(data):
    """A block of literals alone, which every decoder takes."""
    out = bytearray(varint(len(data)))
    for at in range(0, len(data), 65536):
        part = data[at:at + 65536]
        out += bytes([61 << 2]) + struct.pack("<H", len(part) - 1) + part
    return bytes(out)


def read_varint(data, i):
    """The number at i, and where the next thing starts."""
    v = shift = 0
    while True:
        v |= (data[i] & 0x7F) << shift
        shift += 7
        i += 1
        if data[i - 1] < 0x80:
            return v, i


def unsnappy(data):
    n, i = read_varint(data, 0)
    out = bytearray()
    while i < len(data):
        tag = data[i]
        i += 1
        kind, size = tag & 3, tag >> 2
        if kind == 0:
            if size >= 60:
                extra = size - 59
                size = int.from_bytes(data[i : i + extra], "little")
                i += extra
            out += data[i : i + size + 1]
            i += size + 1
            continue
        if kind == 1:
            length, offset = (size & 7) + 4, (tag >> 5) << 8 | data[i]
            i += 1
        else:
            width = 2 if kind == 2 else 4
            length, offset = size + 1, int.from_bytes(data[i : i + width], "little")
            i += width
        for _ in range(length):
            out.append(out[-offset])
    assert len(out) == n
    return bytes(out)


def fields(data):
    """(number, value) of a message: integers, 8 or 4 raw bytes, or bytes."""
    i = 0
    while i < len(data):
        tag, i = read_varint(data, i)
        number, wire = tag >> 3, tag & 7
        if wire == 0:
            value, i = read_varint(data, i)
            yield number, value
            continue
        size, i = (8, i) if wire == 1 else (4, i) if wire == 5 else read_varint(data, i)
        yield number, data[i : i + size]
        i += size
