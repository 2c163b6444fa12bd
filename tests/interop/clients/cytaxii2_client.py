"""cytaxii2: its whole job, with HTTP Basic alone, and pages by `next`."""

import json
import sys

from cytaxii2 import cytaxii2

url, token = sys.argv[1:]
client = cytaxii2.cytaxii2(url, "analyst", token, version=2.1)


def answer(told):
    assert told["status"] is True and told["status_code"] == 200, told
    return told["response"]


assert answer(client.discovery_request())["title"] == "overlapd: a"
assert answer(client.root_discovery())["max_content_length"] > 0
collections = answer(client.collection_request())["collections"]
collection = next(item for item in collections if item["title"] == "Overlaps with b")
assert answer(client.collection_data_request(collection["id"])) == collection

objects, following, added = [], None, False
while True:
    page = answer(client.poll_request(collection["id"], limit=7, next=following))
    objects += page.get("objects", [])
    if not added:
        print("more")
        sys.stdin.readline()
        added = True
    following = page.get("next")
    if not page.get("more"):
        break

ids = [item["id"] for item in objects]
one = answer(client.poll_request(collection["id"], object_id=ids[10]))
assert one["objects"] == [objects[10]]
kinds = {kind: answer(client.poll_request(collection["id"], object_type=kind))["objects"] for kind in ("indicator", "sighting")}
assert answer(client.poll_request(collection["id"], added_after="2099-01-01T00:00:00Z")) == {}

for told, status in [
    (client.poll_request(collection["id"], limit=-1), 400),
    (client.poll_request("00000000-0000-4000-8000-000000000000"), 404),
    (client.inbox_request(collection["id"], json.dumps({"objects": []})), 403),
    (cytaxii2.cytaxii2(url, "analyst", "wrong", version=2.1).discovery_request(), 401),
]:
    assert told["status"] is False and told["status_code"] == status, told
    assert told["response"]["http_status"] == str(status), told

print(json.dumps({
    "objects": len(ids), "distinct": len(set(ids)),
    "sightings": len(kinds["sighting"]), "indicators": len(kinds["indicator"]),
}))
