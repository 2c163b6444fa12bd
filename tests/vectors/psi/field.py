#!/usr/bin/env python3
"""Makes field.json, independently of the Rust code, from integers alone.

Run it in this folder. Elements are written as integers in hexadecimal, bit i the coefficient of x^i.
Before it writes anything it checks itself against NIST's test case 2 of GCM (McGrew and Viega, "The Galois/Counter Mode of
Operation", appendix B), whose products are in the file too, and against RFC 8452, appendix A.
"""

import hashlib
import json

POLYNOMIAL = (1 << 128) | 0x87


def multiply(a, b, polynomial=POLYNOMIAL):
    product = 0
    for bit in range(128):
        if b >> bit & 1:
            product ^= a << bit
    for bit in reversed(range(128, 256)):
        if product >> bit & 1:
            product ^= polynomial << (bit - 128)
    return product


def power(a, exponent):
    result = 1
    while exponent:
        if exponent & 1:
            result = multiply(result, a)
        a = multiply(a, a)
        exponent >>= 1
    return result


def inner_product(a, b):
    result = 0
    for x, y in zip(a, b):
        result ^= multiply(x, y)
    return result


def powers(out, d, p):
    """out + d * p[0] + d^2 * p[1] + .."""
    return out ^ inner_product([power(d, j + 1) for j in range(len(p))], p)


def from_gcm(block):
    """A block of GCM: the first bit, the highest of the first byte, is the coefficient of x^0."""
    return int(f"{int(block, 16):0128b}"[::-1], 2)


def gcm():
    """The hash of test case 2 is (C * H + length) * H."""
    h = from_gcm("66e94bd4ef8a2c3b884cfa59ca342b2e")
    c = from_gcm("0388dace60b6a392f328c2b971b2fe78")
    first = from_gcm("5e2ec746917062882c85b0685353deb7")
    length = from_gcm("00000000000000000000000000000080")
    last = from_gcm("f38cbb1ad69223dcc3457ae5b6b0f885")
    assert multiply(c, h) == first and multiply(first ^ length, h) == last
    return [(c, h), (first ^ length, h)]


def check_multiplication():
    """RFC 8452, appendix A: the same multiplication modulo another polynomial."""
    element = lambda text: int.from_bytes(bytes.fromhex(text), "little")
    a, b = element("66e94bd4ef8a2c3b884cfa59ca342b2e"), element("ff000000000000000000000000000000")
    expected = element("37856175e9dc9df26ebc6d6171aa0ae9")
    assert multiply(a, b, (1 << 128) | (1 << 127) | (1 << 126) | (1 << 121) | 1) == expected


def element(label, index):
    digest = hashlib.sha256(f"overlapd field vectors {label} {index}".encode()).digest()
    return int.from_bytes(digest[:16], "little")


def elements(label, count):
    return [element(label, i) for i in range(count)]


def text(value):
    return [text(v) for v in value] if isinstance(value, list) else f"{value:032x}"


def products():
    edges = [0, 1, 2, 0x87, 1 << 63, 1 << 64, 1 << 127, (1 << 64) - 1, (1 << 128) - 1]
    pairs = gcm() + [(a, b) for a in edges for b in edges if a <= b]
    pairs += list(zip(elements("a", 20), elements("b", 20)))
    return [{"a": text(a), "b": text(b), "product": text(multiply(a, b))} for a, b in pairs]


def inverses():
    of = [1, 2, (1 << 128) - 1] + elements("inverse", 5)
    return [{"of": text(a), "inverse": text(power(a, (1 << 128) - 2))} for a in of]


def inner_products():
    result = []
    for count in (1, 4, 23):
        a, b = elements("left", count), elements("right", count)
        result.append({"a": text(a), "b": text(b), "sum": text(inner_product(a, b))})
    return result


def added_powers():
    result = []
    for items, degree in ((1, 1), (21, 5), (39, 8)):
        out, d, p = elements("out", items), elements("d", items), elements("p", degree)
        after = [powers(o, x, p) for o, x in zip(out, d)]
        result.append({"out": text(out), "d": text(d), "p": text(p), "after": text(after)})
    return result


check_multiplication()
vectors = {
    "products": products(),
    "inverses": inverses(),
    "inner_products": inner_products(),
    "added_powers": added_powers(),
}
with open("field.json", "w") as file:
    json.dump(vectors, file, indent=1)
    file.write("\n")
