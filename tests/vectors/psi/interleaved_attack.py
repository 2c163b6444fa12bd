#!/usr/bin/env python3
"""Why the expander of the VOLE engine's code has scalars in its entries: without them the noise shows at once.

A toy of the real code: rate 1/2, the real weight and memory, the convolution once from the state zero, an expander with
a position in each of 21 sections, regular noise; but 800 outputs over GF(2^64) and 96 blocks. Three matrices:

  binary     G = [ 1 | B A ], all of it binary
  diagonal   G = [ 1 | B S A ], S a diagonal of public random elements between expander and convolution
  scaled     each row of B with powers of a public random scalar of its own for entries, which is the real code

The attack takes the columns of B from the 80th on out of its rows, by elimination over GF(2). What is left of an output
is a sum of values of the left half's noise (48) and of what the right half has in the prefix (5): with more than 64
such combinations they lie in a space over GF(2) of at most 53 dimensions, where random elements would have 64. The
diagonal comes after the convolution, so noise in the prefix comes out with many factors; noise that is not there has
none. So for the diagonal the noise is drawn with none in the prefix: in the real code, at large sizes, the prefix is a
small part of one block, and it has none nearly always. With powers in the rows nothing is taken out. Standard library
only; some seconds.
"""

import random

OUTPUTS, BLOCKS, BITS = 800, 96, 64
EXPANDER, MEMORY = 21, 24
PREFIX = 80
POLYNOMIAL = 0b11011


def times(a, b):
    """a * b in GF(2^64)."""
    product = 0
    while b:
        if b & 1:
            product ^= a
        b >>= 1
        a <<= 1
        if a >> BITS:
            a ^= 1 << BITS | POLYNOMIAL
    return product


class Code:
    def __init__(self, pick, kind):
        self.taps = [pick.getrandbits(MEMORY - 1) for _ in range(OUTPUTS)]
        self.kind = kind
        self.scalars = [pick.randrange(1, 1 << BITS) for _ in range(OUTPUTS)]
        bounds = [s * OUTPUTS // EXPANDER for s in range(EXPANDER + 1)]
        self.rows = [[pick.randrange(a, b) for a, b in zip(bounds, bounds[1:])] for _ in range(OUTPUTS)]

    def convolve(self, vector):
        """Each element goes to the 23 behind it by random bits, and always to the one after these."""
        vector = list(vector)
        for i in range(OUTPUTS):
            for distance in range(1, MEMORY):
                if i + distance < OUTPUTS and self.taps[i] >> (distance - 1) & 1:
                    vector[i + distance] ^= vector[i]
            if i + MEMORY < OUTPUTS:
                vector[i + MEMORY] ^= vector[i]
        return vector

    def encode(self, noise):
        convolved = self.convolve(noise[OUTPUTS:])
        if self.kind == "diagonal":
            convolved = [times(s, x) for s, x in zip(self.scalars, convolved)]
        out = []
        for value, row, scalar in zip(noise, self.rows, self.scalars):
            for column in row:
                value = (times(value, scalar) if self.kind == "scaled" else value) ^ convolved[column]
            out.append(value)
        return out


def regular_noise(pick, free):
    """One value in each block; none in the first `free` places of the right half."""
    noise, size = [0] * (2 * OUTPUTS), -(-2 * OUTPUTS // BLOCKS)
    for start in range(0, 2 * OUTPUTS, size):
        places = [p for p in range(start, min(start + size, 2 * OUTPUTS)) if not OUTPUTS <= p < OUTPUTS + free]
        if places:
            noise[pick.choice(places)] = pick.randrange(1, 1 << BITS)
    return noise


def combinations(code, output):
    """Sums of outputs in which B has no columns from the prefix on."""
    rows = [(sum(1 << column for column in row), value) for row, value in zip(code.rows, output)]
    for column in range(PREFIX, OUTPUTS):
        pivot = next((i for i, (row, _) in enumerate(rows) if row >> column & 1), None)
        if pivot is None:
            continue
        row, value = rows.pop(pivot)
        rows = [(r ^ row, v ^ value) if r >> column & 1 else (r, v) for r, v in rows]
    return [value for _, value in rows]


def rank(values):
    basis = []
    for value in values:
        for b in basis:
            value = min(value, value ^ b)
        if value:
            basis.append(value)
            basis.sort(reverse=True)
    return len(basis)


def main():
    for kind in ("binary", "diagonal", "scaled"):
        pick = random.Random(7)
        # In the toy a prefix long enough has several blocks; in the real code, at large sizes, a small part of one.
        code, noise = Code(pick, kind), regular_noise(pick, PREFIX if kind == "diagonal" else 0)
        found = rank(combinations(code, code.encode(noise)))
        print(f"{kind + ':':10} the outputs' combinations have {found} dimensions of {BITS}")
        assert found == BITS if kind == "scaled" else found < BITS - 5


if __name__ == "__main__":
    main()
