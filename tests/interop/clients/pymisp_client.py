"""pymisp: what it asks when it starts, all overlaps page by page while more arrive, events, sightings, and errors."""

import json
import os
import sys

from pymisp import MISPAttribute, MISPEvent, MISPSighting, PyMISP, PyMISPError

url, token = sys.argv[1:]
authority = os.environ["REQUESTS_CA_BUNDLE"]
misp = PyMISP(url, token, ssl=authority)
assert misp.misp_instance_version["version"] == misp.recommended_pymisp_version["version"]
assert "onion-address" in misp.describe_types["types"] and len(misp.describe_types["types"]) == 14
assert misp.get_user("me")["User"]["org_id"] == "1"

attributes, added, page = [], False, 1
while True:
    found = misp.search(controller="attributes", limit=7, page=page, pythonify=True)
    if not found:
        break
    assert all(isinstance(item, MISPAttribute) for item in found)
    attributes += found
    if not added:
        print("more")
        sys.stdin.readline()
        added = True
    page += 1

numbers = [item.id for item in attributes]
assert numbers == sorted(numbers), "new ones come last"
everything = misp.search(controller="attributes", pythonify=True)
assert [item.uuid for item in everything] == [item.uuid for item in attributes]
assert all(item.Event.info == "Overlaps with b" for item in everything)
for item in everything[:3]:
    assert misp.get_attribute(item.uuid, pythonify=True).value == item.value
    assert misp.get_attribute(item.id, pythonify=True).uuid == item.uuid

events = misp.search(controller="events", pythonify=True)
assert all(isinstance(event, MISPEvent) for event in events) and len(events) == 2
in_events = sum(len(event.attributes) for event in events)
assert [event.uuid for event in misp.search(controller="events", limit=1, page=2, pythonify=True)] == [events[1].uuid]
assert len(misp.search_index(pythonify=True)) == len(misp.events()) == 2
for event in events:
    assert misp.event_exists(event.uuid) and misp.event_exists(event.id)
    whole = misp.get_event(event.uuid, pythonify=True)
    assert whole.id == event.id and len(whole.attributes) == len(event.attributes)
    assert {tag.name for tag in whole.tags} == {"tlp:amber+strict", 'overlapd:peer="b"'}
assert not misp.event_exists("00000000-0000-4000-8000-000000000000")


def values(**filters):
    return [item.value for item in misp.search(controller="attributes", pythonify=True, **filters)]


assert values(value="NL91 ABNA 0417 1643 00") == ["NL91ABNA0417164300"]
assert values(value="hxxps://www.example.org/it%27s?q='%5B1%5D")[0].startswith("https://www.example.org/it")
assert sorted(values(type_attribute=["md5", "sha1"])) == ["d41d8cd98f00b204e9800998ecf8427e", "da39a3ee5e6b4b0d3255bfef95601890afd80709"]
assert values(value="%.batch1.example", type_attribute="url") == []
assert len(values(value="%.batch1.example")) == 20
assert len(values(tags=misp.build_complex_query(or_parameters=['overlapd:kind="ip"'], not_parameters=["tlp:red"]))) == 1
assert values(date_from="2099-01-01") == values(timestamp="nonsense") == values(to_ids=False, published=False) == []
assert len(values(publish_timestamp="1d")) == len(attributes)
assert misp.search(controller="attributes", type_attribute="iban", return_format="text") == "NL91ABNA0417164300\n"
assert misp.search(controller="attributes", return_format="stix2")["errors"][0] == 400

assert 'overlapd:peer="b"' in [tag.name for tag in misp.tags(pythonify=True)]
assert [tag["Tag"]["name"] for tag in misp.search_tags('overlapd:kind="iban"')] == ['overlapd:kind="iban"']

hits = misp.values_in_warninglist(["192.0.2.7", "8.8.8.8", "nobody.example"])
assert list(hits) == ["8.8.8.8"] and hits["8.8.8.8"][0]["name"] == "Resolvers", hits
assert misp.values_in_warninglist("nobody.example") == {}
lists = misp.warninglists(pythonify=True)
assert [item.name for item in lists] == ["Resolvers"]
assert misp.get_warninglist(hits["8.8.8.8"][0]["id"], pythonify=True).name == hits["8.8.8.8"][0]["name"]
assert misp.get_warninglist(99)["errors"][0] == 404
assert len(values(enforce_warninglist=True)) == len(attributes)

sighting = MISPSighting()
sighting.from_dict(value="192.0.2.7", type="0", source="pymisp", timestamp=1793527200)
made = misp.add_sighting(sighting, pythonify=True)
assert isinstance(made, MISPSighting) and made.source == "pymisp" and made.date_sighting == "1793527200" or made.date_sighting == 1793527200, made.to_json()
domain = next(item for item in everything if item.value == "xn--bcher-kva.example")
sighting = MISPSighting()
sighting.from_dict(type="0", source="pymisp", timestamp=1793613600)
assert misp.add_sighting(sighting, domain)["Sighting"]["attribute_uuid"] == domain.uuid
group = next(item for item in everything if item.value == "alt.example.x")
assert misp.add_sighting({"uuid": group.uuid, "type": "2", "timestamp": 1893456000})["Sighting"]["type"] == "2"
assert misp.add_sighting({"value": "nobody.example"})["errors"][0] == 404
assert misp.add_sighting({"value": "192.0.2.7", "type": "9"})["errors"][0] == 400
assert [item.source for item in misp.sightings(domain, pythonify=True)] == ["pymisp"]
assert len(misp.sightings(pythonify=True)) == 3
told = misp.search_sightings(context="attribute", context_id=domain.uuid, publish_timestamp="365d", include_attribute=True, include_event_meta=True, pythonify=True)
assert [item["attribute"].uuid for item in told] == [domain.uuid] and told[0]["event"].info == "Overlaps with b"

assert misp.get_event(99)["errors"][0] == 404
assert misp.direct_call("events/add", {"info": "x"})["errors"][0] == 404
try:
    PyMISP(url, "wrong", ssl=authority)
except PyMISPError:
    pass
else:
    raise AssertionError("a wrong token is taken")

print(json.dumps({"attributes": len(attributes), "distinct": len({item.uuid for item in attributes}), "in_events": in_events}))
