"""misp-stix: an event whose markings are tags of its own and whose context is not for detection, as bundles of STIX 2.1 and 2.0."""

import json
import sys
import tempfile
from pathlib import Path

from misp_stix_converter import MISPtoSTIX20Parser, MISPtoSTIX21Parser


def attribute(number, type_name, category, value, to_ids, **more):
    uuid = f"5f0e1d2c-0000-4000-8000-00000000a{number:03}"
    return {"uuid": uuid, "type": type_name, "category": category, "value": value, "to_ids": to_ids, "timestamp": "1767225600", **more}


def group(number, name, category, *attributes):
    uuid = f"5f0e1d2c-0000-4000-8000-00000000b{number:03}"
    return {"uuid": uuid, "name": name, "meta-category": category, "timestamp": "1767225600", "Attribute": attributes}


event = {
    "uuid": "5f0e1d2c-0000-4000-8000-00000000e001",
    "info": "a sale",
    "date": "2026-01-01",
    "timestamp": "1767225600",
    "published": False,
    "Orgc": {"name": "Hotline", "uuid": "5f0e1d2c-0000-4000-8000-00000000e002"},
    "Tag": [{"name": "tlp:red"}, {"name": "PAP:RED"}],
    "Attribute": [
        attribute(1, "domain", "Network activity", "sale.example", True),
        attribute(2, "domain", "Network activity", "context.example", False),
        attribute(3, "ip-dst", "Network activity", "192.0.2.9", False),
        attribute(4, "url", "Network activity", "https://sale.example/a", True),
        attribute(5, "phone-number", "Person", "+31201234567", False),
    ],
    "Object": [
        group(
            1, "domain-ip", "network",
            attribute(11, "domain", "Network activity", "object.example", False, object_relation="domain"),
            attribute(12, "ip-dst", "Network activity", "192.0.2.33", False, object_relation="ip"),
        ),
        group(
            2, "telegram-account", "misc",
            attribute(21, "text", "Other", "eve", False, object_relation="username"),
            attribute(22, "text", "Other", "17", False, object_relation="id"),
        ),
    ],
}

folder = Path(tempfile.mkdtemp(prefix="overlapd-test-"))
bundles = {}
for version, parser in (("2.1", MISPtoSTIX21Parser()), ("2.0", MISPtoSTIX20Parser())):
    parser.parse_misp_event({"Event": event})
    assert not parser.errors, parser.errors
    bundle = json.loads(parser.bundle.serialize())
    marked = [item["type"] for item in bundle["objects"] if item.get("object_marking_refs")]
    assert all(name in ("report", "grouping") for name in marked), marked
    path = folder / f"{version}.json"
    path.write_text(json.dumps(bundle))
    bundles[version] = str(path)
print(json.dumps(bundles), file=sys.stdout)
