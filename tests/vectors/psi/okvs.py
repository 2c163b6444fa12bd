"""Rows and decoding of the oblivious key-value store, and its sizes, from the documentation alone.

python3 tests/vectors/psi/okvs.py > tests/vectors/psi/okvs.json
python3 tests/vectors/psi/okvs.py sizes     the sizes for powers of two, and columns for each item by the number of bins
"""

import hashlib
import json
import math
import sys


def xtime(a):
    return (a << 1 ^ 0x11B) & 0xFF if a & 0x80 else a << 1


def multiply_bytes(a, b):
    product = 0
    while b:
        if b & 1:
            product ^= a
        a, b = xtime(a), b >> 1
    return product


def sbox_entry(a):
    inverse = next((b for b in range(256) if multiply_bytes(a, b) == 1), 0)
    return 0x63 ^ inverse ^ rotate(inverse, 1) ^ rotate(inverse, 2) ^ rotate(inverse, 3) ^ rotate(inverse, 4)


def rotate(a, by):
    return (a << by | a >> 8 - by) & 0xFF


SBOX = [sbox_entry(a) for a in range(256)]


def aes128(key, block):
    """FIPS 197."""
    words, constant = [list(key[i : i + 4]) for i in range(0, 16, 4)], 1
    for i in range(4, 44):
        word = list(words[i - 1])
        if i % 4 == 0:
            word = [SBOX[b] for b in word[1:] + word[:1]]
            word[0] ^= constant
            constant = xtime(constant)
        words.append([a ^ b for a, b in zip(words[i - 4], word)])
    keys = [sum(words[4 * i : 4 * i + 4], []) for i in range(11)]
    state = [a ^ b for a, b in zip(block, keys[0])]
    for i in range(1, 11):
        state = [SBOX[state[(j + 4 * (j % 4)) % 16]] for j in range(16)]
        if i < 10:
            state = sum((mix(state[j : j + 4]) for j in range(0, 16, 4)), [])
        state = [a ^ b for a, b in zip(state, keys[i])]
    return bytes(state)


def mix(column):
    return [
        xtime(column[i]) ^ xtime(column[(i + 1) % 4]) ^ column[(i + 1) % 4] ^ column[(i + 2) % 4] ^ column[(i + 3) % 4]
        for i in range(4)
    ]


def multiply(a, b):
    """In GF(2^128)."""
    product = 0
    for i in range(128):
        if b >> i & 1:
            product ^= a << i
    for i in reversed(range(128, 255)):
        if product >> i & 1:
            product ^= (1 << 128 | 0x87) << i - 128
    return product


def row(key, bins, sparse):
    words = [key >> 32 * i & 0xFFFFFFFF for i in range(4)]
    free = list(range(sparse))
    columns = [free.pop(word * (sparse - i) >> 32) for i, word in enumerate(words[1:])]
    return words[0] * bins >> 32, columns


def decode(key, bins, sparse, dense, encoding):
    bin, columns = row(key, bins, sparse)
    own = encoding[bin * (sparse + dense) : (bin + 1) * (sparse + dense)]
    value, power = 0, 1
    for column in columns:
        value ^= own[column]
    for column in own[sparse:]:
        power = multiply(power, key)
        value ^= multiply(power, column)
    return value


def random(label, count):
    return [hashlib.sha256(f"{label} {i}".encode()).digest()[:16] for i in range(count)]


def case(count, bins, capacity, sparse, dense):
    seed, items = random("seed", 1)[0], random("item", count)
    keys = [int.from_bytes(aes128(seed, item), "little") for item in items]
    encoding = random("column", bins * (sparse + dense))
    numbers = [int.from_bytes(column, "little") for column in encoding]
    rows = [row(key, bins, sparse) for key in keys]
    return {
        "shape": {"items": count, "bins": bins, "capacity": capacity, "sparse": sparse, "dense": dense},
        "seed": seed.hex(),
        "items": [item.hex() for item in items],
        "keys": [key.to_bytes(16, "little").hex() for key in keys],
        "bins": [bin for bin, _ in rows],
        "columns": [columns for _, columns in rows],
        "encoding": [column.hex() for column in encoding],
        "decoded": [decode(key, bins, sparse, dense, numbers).to_bytes(16, "little").hex() for key in keys],
    }


def slope(items):
    w = math.log2(3)
    return 2 ** (0.555 * math.log2(max(items, 1)) + 0.093 * w**3 - 1.01 * w**2 + 2.925 * w - 0.133)


def tail(items, bins, load):
    p = math.ceil(2**32 / bins) / 2**32
    if load >= items:
        return -math.inf if load > items else items * math.log2(p)
    divergence = load * math.log2(load / (items * p))
    divergence += (items - load) * math.log2((items - load) / (items * (1 - p)))
    root = 0.5 * math.log2(items / (2 * math.pi * load * (items - load)))
    return root - divergence - math.log2(1 - (items - load) * p / ((load + 1) * (1 - p)))


def sizes(items, bins):
    bits = 41 + math.log2(bins)
    low, high = -(-items // bins), items
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if tail(items, bins, middle + 1) <= -bits else (middle + 1, high)
    sparse = max(3, math.ceil((1.223 + (bits + 9.2) / slope(low)) * low))
    return low, sparse, min(low, math.ceil(bits / math.log2(sparse)))


def fewest(items):
    bins = max(1, math.ceil(items * 1.223 / 65536))
    while sizes(items, bins)[1] > 65536:
        bins += 1
    return bins


def print_sizes():
    for log in range(4, 25):
        items = 1 << log
        bins = fewest(items)
        per_item = [items >> size for size in (13, 14, 15) if items >> size > bins] + [bins]
        columns = [f"{b}: {b * sum(sizes(items, b)[1:]) / items:.4f}" for b in per_item]
        print(items, bins, *sizes(items, bins), "|", ", ".join(columns))


if sys.argv[1:] == ["sizes"]:
    print_sizes()
else:
    known = aes128(bytes(range(16)), bytes.fromhex("00112233445566778899aabbccddeeff"))  # FIPS 197, appendix C.1
    assert known.hex() == "69c4e0d86a7b0430d8cdb78070b4c55a"
    cases = [case(6, 1, 6, 30, 3), case(40, 3, 25, 70, 4), case(5, 1, 5, 5, 0), case(12, 2, 10, 64, 6)]
    json.dump(cases, sys.stdout, indent=1)
    print()
