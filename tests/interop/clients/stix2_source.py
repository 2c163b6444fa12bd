"""stix2: the collection as a data source, and every object read by its strict parser."""

import json
import sys

import stix2
from stix2 import Filter, TAXIICollectionSource
from taxii2client.v21 import Collection, Server

url, token = sys.argv[1:]
root = Server(url, user="analyst", password=token).default
found = next(item for item in root.collections if item.title == "Overlaps with b")
collection = Collection(found.url, user="analyst", password=token)
source = TAXIICollectionSource(collection, items_per_page=7)

first = collection.get_objects(limit=7)
print("more")
sys.stdin.readline()
objects = first["objects"] + [
    item
    for item in collection.get_objects(limit=1000, next=first["next"])["objects"]
]

# No `allow_custom`: a property that is not the standard's or an extension's is an error.
parsed = [stix2.parse(item) for item in objects]
assert [item.id for item in parsed] == [item["id"] for item in objects]
for item, told in zip(parsed, objects):
    # It writes only `created` and `modified` to the millisecond.
    times = {name: told[name].replace(".000Z", "Z") for name in ("valid_from", "first_seen", "last_seen") if name in told}
    assert json.loads(item.serialize()) == {**told, **times}, told

sightings = source.query([Filter("type", "=", "sighting")])
indicators = {item.id: item for item in source.query([Filter("type", "=", "indicator")])}
identities = {item.id: item for item in source.query([Filter("type", "=", "identity")])}
for sighting in sightings:
    assert sighting.sighting_of_ref in indicators
    assert [identities[at].name for at in sighting.where_sighted_refs] == ["b"]
    markings = [source.get(at) for at in sighting.object_marking_refs]
    assert markings[0].name in ("TLP:AMBER+STRICT", "TLP:RED"), markings
some = next(iter(indicators.values()))
assert source.get(some.id) == some
assert source.all_versions(some.id) == [some]
assert source.get("indicator--00000000-0000-4000-8000-000000000000") is None

ids = [item["id"] for item in objects]
print(json.dumps({
    "objects": len(ids), "distinct": len(set(ids)), "sightings": len(sightings), "indicators": len(indicators),
}))
