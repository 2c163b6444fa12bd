"""misp-stix: the node's events to a bundle of STIX 2.1, which the node is to read back; and the node's TAXII objects to events of MISP."""

import json
import os
import ssl
import sys
import tempfile
import urllib.parse
import urllib.request
from collections import Counter
from pathlib import Path

from misp_stix_converter import MISPtoSTIX21Parser, stix_2_to_misp

url, token = sys.argv[1:]
context = ssl.create_default_context(cafile=os.environ["REQUESTS_CA_BUNDLE"])
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context))
folder = Path(tempfile.mkdtemp(prefix="overlapd-test-"))


def ask(path, body=None, accept="application/json"):
    headers = {"Authorization": f"Bearer {token}", "Accept": accept, "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    with opener.open(urllib.request.Request(urllib.parse.urljoin(url, path), data, headers)) as answer:
        return json.load(answer)


objects = []
for event in ask("events/restSearch", {"returnFormat": "json"})["response"]:
    parser = MISPtoSTIX21Parser()
    parser.parse_misp_event(event)
    assert not parser.errors, parser.errors
    objects += json.loads(parser.bundle.serialize())["objects"]
distinct = {item["id"]: item for item in objects}
bundle = folder / "events.json"
bundle.write_text(json.dumps({"type": "bundle", "id": "bundle--5d2a9a0e-3c5f-4e38-8f5f-2d7a7d8a3c11", "objects": list(distinct.values())}))

told = ask("/taxii2/overlap/collections/overlaps-b/objects/", accept="application/taxii+json;version=2.1")
assert not told["more"]
source = folder / "taxii.json"
source.write_text(json.dumps({"type": "bundle", "id": "bundle--0e6f7e7e-2f5b-4b53-9d4e-65a1c3f1b1a9", "objects": told["objects"]}))
result = stix_2_to_misp(source, output_dir=folder, output_name="event.json", overwrite=True)
assert result["success"] == 1, result
attributes, items, sighted = Counter(), Counter(), 0
for path in result["results"]:
    event = json.loads(Path(path).read_text())
    event = event.get("Event", event)
    attributes.update(item["type"] for item in event.get("Attribute", []))
    items.update(item["name"] for item in event.get("Object", []))
    # It writes an object's sighting at each of its attributes.
    sighted += sum(bool(item.get("Sighting")) for item in event.get("Attribute", []))
    sighted += sum(any(item.get("Sighting") for item in each["Attribute"]) for each in event.get("Object", []))
errors = result.get("errors") or []
print(json.dumps({"bundle": str(bundle), "from_taxii": {
    "attributes": attributes, "objects": items, "sighted": sighted, "errors": len(errors),
}}))
