#!/usr/bin/env python3
"""Why the code of the VOLE engine has scalars between its convolution and its expander: without them it falls at once.

A toy of the real thing: rate 1/2, the expander and the convolution at the real weights, regular noise, but 1,000
outputs over GF(2^64) and 120 blocks. The attack is interleaved Prange (Porwal et al., PQCrypto 2022; Metzner and
Kapturowski 1990 for few errors): the output, taken bit by bit, is 64 binary syndromes whose errors share their places.
Half of the places are assumed free of errors. There are 60 errors in that half, less than 64, so some combination of
the syndromes has none of them, and it is a combination of the other half's columns, where it shows 30 places of the
noise or so. Standard library only; a few seconds.
"""

import random

OUTPUTS, BLOCKS, BITS = 1000, 120, 64
EXPANDER, MEMORY = 21, 24
POLYNOMIAL = (1 << 64) | 0b11011


def times(a, b):
    """a * b in GF(2^64)."""
    product = 0
    while b:
        if b & 1:
            product ^= a
        b >>= 1
        a <<= 1
        if a >> BITS:
            a ^= POLYNOMIAL
    return product


class Code:
    """G = [ 1 | B S A ]."""

    def __init__(self, pick, scaled):
        self.taps = [pick.getrandbits(MEMORY) | 1 for _ in range(OUTPUTS)]
        self.scalars = [pick.randrange(1, 1 << BITS) if scaled else 1 for _ in range(OUTPUTS)]
        self.rows = [pick.sample(range(OUTPUTS), EXPANDER) for _ in range(OUTPUTS)]

    def encode(self, noise):
        state = list(noise[OUTPUTS:])
        for _ in range(2):  # the convolution runs twice, so that late places reach early ones' weight
            state.reverse()
            for i in range(OUTPUTS):
                for back in range(min(i, MEMORY)):
                    if self.taps[i] >> back & 1:
                        state[i] ^= state[i - 1 - back]
        state = [times(s, x) if s != 1 else x for s, x in zip(self.scalars, state)]
        out = list(noise[:OUTPUTS])
        for r, row in enumerate(self.rows):
            for c in row:
                out[r] ^= state[c]
        return out

    def binary_columns(self):
        """The columns of G with ones for scalars, as one integer each: all places at once, a bit of a value each."""
        plain = Code.__new__(Code)
        plain.taps, plain.scalars, plain.rows = self.taps, [1] * OUTPUTS, self.rows
        outputs = plain.encode([1 << place for place in range(2 * OUTPUTS)])
        return transpose(outputs, 2 * OUTPUTS)


def transpose(rows, width):
    columns = [0] * width
    for r, row in enumerate(rows):
        while row:
            low = row & -row
            columns[low.bit_length() - 1] |= 1 << r
            row ^= low
    return columns


def regular_noise(pick):
    noise, size = [0] * (2 * OUTPUTS), 2 * OUTPUTS // BLOCKS
    for block in range(BLOCKS):
        noise[block * size + pick.randrange(size)] = pick.randrange(1, 1 << BITS)
    return noise


def attack(columns, output, pick):
    """Places of the noise, or nothing: one elimination."""
    syndromes = transpose(output, BITS)
    chosen = pick.sample(range(2 * OUTPUTS), OUTPUTS - BITS + 8)
    vectors = [columns[place] for place in chosen] + syndromes
    basis, found = {}, set()
    for i, vector in enumerate(vectors):
        used = 1 << i
        while vector and vector.bit_length() in basis:
            other, others = basis[vector.bit_length()]
            vector, used = vector ^ other, used ^ others
        if vector:
            basis[vector.bit_length()] = vector, used
        elif used >> len(chosen):
            places = [place for k, place in enumerate(chosen) if used >> k & 1]
            if len(places) < OUTPUTS // 8:  # by chance it would be half of the chosen
                found.update(places)
    return found


def main():
    for scaled in (False, True):
        pick = random.Random(7)
        code, noise = Code(pick, scaled), regular_noise(pick)
        found = attack(code.binary_columns(), code.encode(noise), pick)
        right = sum(1 for place in found if noise[place])
        print("with scalars:" if scaled else "without:     ", len(found), "places found,", right, "of them right")
        assert right == len(found) and (right == 0 if scaled else right > 20)


if __name__ == "__main__":
    main()
