"""taxii2-client: everything that it can ask, and all overlaps page by page while more arrive."""

import json
import sys

import requests
from taxii2client.exceptions import AccessError
from taxii2client.v21 import Server, Status, as_pages

url, token = sys.argv[1:]
server = Server(url, user="analyst", password=token)
assert server.title == "overlapd: a", server.title
root = server.default
assert root is server.api_roots[0], "the default is one of the roots"
assert root.versions == ["application/taxii+json;version=2.1"], root.versions
titles = [collection.title for collection in root.collections]
assert titles == ["Own indicators", "Overlaps with b"], titles
collection = root.collections[1]
assert collection.can_read and not collection.can_write

objects, added = [], False
for page in as_pages(collection.get_objects, per_request=7):
    objects += page.get("objects", [])
    if not added:
        print("more")
        sys.stdin.readline()
        added = True

ids = [item["id"] for item in objects]
manifest = [item for page in as_pages(collection.get_manifest, per_request=9) for item in page["objects"]]
assert [item["id"] for item in manifest] == ids
dates = [item["date_added"] for item in manifest]
assert dates == sorted(set(dates)), "dates rise"

rest = collection.get_objects(added_after=dates[-4])
assert [item["id"] for item in rest["objects"]] == ids[-3:]
indicators = [item for item in objects if item["type"] == "indicator"]
for type_name in ("indicator", "sighting", "identity", "marking-definition"):
    told = collection.get_objects(type=type_name)["objects"]
    assert told == [item for item in objects if item["type"] == type_name], type_name
two = [indicators[0]["id"], ids[-1]]
assert [item["id"] for item in collection.get_objects(id=two)["objects"]] == two
assert collection.get_objects(version="all", type=["indicator"])["objects"] == indicators
assert collection.get_objects(spec_version="2.0") == {}
for item in objects[::5]:
    assert collection.get_object(item["id"])["objects"] == [item]
    version = item.get("modified", item["created"])
    assert collection.object_versions(item["id"])["versions"] == [version]
    assert collection.get_object(item["id"], version=version)["objects"] == [item]


def refused(call, status):
    try:
        call()
    except requests.HTTPError as error:
        assert error.response.status_code == status, error
        message = error.response.json()
        assert message["http_status"] == str(status) and message["title"], message
    else:
        raise AssertionError(f"no {status}")


unknown = "indicator--00000000-0000-4000-8000-000000000000"
refused(lambda: collection.get_object(unknown), 404)
refused(lambda: collection.object_versions(unknown), 404)
refused(lambda: collection.get_objects(limit=-1), 400)
refused(lambda: collection.get_objects(added_after="yesterday"), 400)
refused(lambda: Status(root.url + "status/x/", user="a", password=token).refresh(), 404)
refused(lambda: Server(url, user="analyst", password="wrong").title, 401)
for write in (lambda: collection.add_objects({"objects": []}), lambda: collection.delete_object(ids[0])):
    try:
        write()
    except AccessError:
        continue
    raise AssertionError("it can be written to")

own = [item for page in as_pages(root.collections[0].get_objects, per_request=10) for item in page["objects"]]
assert {item["id"]: item for item in own if item["type"] == "indicator"} == {
    item["id"]: item for item in indicators
}, "everything overlaps here, and one id has one content"
sightings = sum(item["type"] == "sighting" for item in objects)
print(json.dumps({
    "objects": len(ids), "distinct": len(set(ids)), "sightings": sightings, "indicators": len(indicators),
}))
