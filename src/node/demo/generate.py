#!/usr/bin/env python3
"""Writes the demo's three sample lists beside this file. Every value is made up; formats and checksums are real.

Names are under `.example` (RFC 2606), addresses in the documentation ranges (RFC 5737, RFC 3849), telephone numbers in
Ofcom's range for drama. Members write the same indicator in different ways. Run it again after a change: the lists are
committed, and the output depends on nothing but this file.
"""

import base64
import hashlib
import pathlib
import random

MEMBERS = ["police", "payments", "hotline"]
OWN, PAIR, ALL = 200, 40, 20  # distinct items: of one member, of each pair alone, of all three
SEED = 20_261_123

WORDS = (
    "amber anchor basil birch cedar clover cobalt copper coral crest delta ember falcon fern flint garnet harbor hazel"
    " indigo jasper juniper laurel linden lotus maple meadow mint nimbus ochre olive onyx opal orchid pearl pepper"
    " quartz raven river saffron sage sierra silver slate sparrow summit thistle topaz tulip umber velvet violet walnut"
    " willow winter yarrow zephyr"
).split()
BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"

rng = random.Random(SEED)
counter = 0


def name():
    global counter
    counter += 1
    return f"{rng.choice(WORDS)}-{rng.choice(WORDS)}-{counter}"


def base58check(version, payload):
    data = bytes([version]) + payload
    data += hashlib.sha256(hashlib.sha256(data).digest()).digest()[:4]
    number, out = int.from_bytes(data, "big"), ""
    while number:
        number, digit = divmod(number, 58)
        out = BASE58[digit] + out
    return "1" * (len(data) - len(data.lstrip(b"\0"))) + out


def bech32(hrp, version, program):
    bits = "".join(f"{byte:08b}" for byte in program)
    bits += "0" * (-len(bits) % 5)
    words = [version] + [int(bits[i : i + 5], 2) for i in range(0, len(bits), 5)]
    values = [ord(c) >> 5 for c in hrp] + [0] + [ord(c) & 31 for c in hrp] + words + [0] * 6
    checksum = 1
    for value in values:
        top = checksum >> 25
        checksum = (checksum & 0x1FFFFFF) << 5 ^ value
        for i, generator in enumerate([0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3]):
            checksum ^= generator if top >> i & 1 else 0
    checksum ^= 1
    words += [checksum >> 5 * (5 - i) & 31 for i in range(6)]
    return hrp + "1" + "".join(BECH32[word] for word in words)


def domain():
    host = f"{name()}.example"
    return "domain", [host, host.upper() + ".", host.replace(".", "[.]")]


def url():
    host, path, number = f"{name()}.example", rng.choice(WORDS), rng.randrange(1000, 9999)
    return "url", [
        f"https://{host}/{path}?id={number}",
        f"hxxps://{host.replace('.', '[.]')}/{path}?id={number}",
        f"HTTPS://{host.upper()}:443/./{path}?id={number}#top",
    ]


def bitcoin():
    if rng.random() < 0.5:
        address = base58check(0, rng.randbytes(20))
        return "wallet", [address, f"btc:{address}", f"bitcoin:{address}?amount=0.1"]
    address = bech32("bc", 0, rng.randbytes(20))
    return "wallet", [address, f"btc:{address}", address.upper()]


def ethereum():
    address = rng.randbytes(20).hex()
    return "wallet", [f"0x{address}", f"eth:0x{address}", f"0x{address.upper()}"]


def iban():
    country, bank, number = rng.choice([("NL", "ABCD", 10), ("DE", "", 18), ("BE", "", 12)])
    bban = bank + "".join(rng.choice("0123456789") for _ in range(number))
    if country == "BE":  # the last two digits are the rest of the first ten by 97, 97 for 0
        bban = bban[:10] + f"{int(bban[:10]) % 97 or 97:02}"
    digits = "".join(str(int(c, 36)) for c in bban + country + "00")
    text = f"{country}{98 - int(digits) % 97:02}{bban}"
    spaced = " ".join(text[i : i + 4] for i in range(0, len(text), 4))
    return "iban", [text, spaced, f"IBAN {spaced.lower()}"]


def email():
    user, host = rng.choice(WORDS) + str(rng.randrange(10, 99)), f"{name()}.example"
    return "email", [f"{user}@{host}", f"{user}[at]{host.replace('.', '[.]')}", f"mailto:{user}@{host.upper()}"]


def phone():
    last = rng.randrange(0, 1000)
    return "phone", [f"+442079460{last:03}", f"0044 20 7946 0{last:03}", f"tel:+44-20-7946-0{last:03}"]


def ip():
    net, last = rng.choice(["192.0.2", "198.51.100", "203.0.113"]), rng.randrange(1, 255)
    return "ip", [f"{net}.{last}", f"::ffff:{net}.{last}", f"{net.replace('.', '[.]')}[.]{last}"]


def onion():
    key = rng.randbytes(32)
    checksum = hashlib.sha3_256(b".onion checksum" + key + b"\x03").digest()[:2]
    text = base64.b32encode(key + checksum + b"\x03").decode().lower() + ".onion"
    return "onion", [text, f"http://{text}/", text.upper()]


def infohash():
    digest = rng.randbytes(20)
    return "infohash", [
        digest.hex(),
        base64.b32encode(digest).decode(),
        f"magnet:?xt=urn:btih:{digest.hex().upper()}",
    ]


def merchant():
    network = rng.choice(["visa", "mastercard"])
    acquirer, mid = str(rng.randrange(400000, 499999)), f"{rng.choice(WORDS)[:5].upper()}{rng.randrange(1000, 9999)}"
    return "merchant", [
        f"{network}:{acquirer}/{mid}",
        f"{network.upper()}:{acquirer}/{mid.lower()}",
        f"{network}:{acquirer}/{mid:<15}",
    ]


def handle():
    user = name().replace("-", "_")
    return "handle", [f"telegram:{user}", f"telegram:@{user.upper()}", f"https://t.me/{user}"]


MAKERS = [domain] * 5 + [url] * 5 + [bitcoin, bitcoin, ethereum, ethereum, iban, iban, email, phone, ip, onion]
MAKERS += [infohash, merchant, handle]


def main():
    rows = {member: [] for member in MEMBERS}
    seen = set()

    def deal(members):
        while True:
            kind, spellings = rng.choice(MAKERS)()
            if spellings[0] not in seen:
                break
        seen.add(spellings[0])
        rng.shuffle(spellings)
        for member, spelling in zip(members, spellings):
            rows[member].append((kind, spelling))

    for member in MEMBERS:
        for _ in range(OWN):
            deal([member])
    for left, right in [(0, 1), (0, 2), (1, 2)]:
        for _ in range(PAIR):
            deal([MEMBERS[left], MEMBERS[right]])
    for _ in range(ALL):
        deal(MEMBERS)
    for member in MEMBERS:
        rng.shuffle(rows[member])
        lines = [f'{kind},{value},{rng.choice(["green", "amber"])},sample' for kind, value in rows[member]]
        text = "kind,value,tlp,source\n" + "\n".join(lines) + "\n"
        pathlib.Path(__file__).with_name(f"{member}.csv").write_text(text)


main()
