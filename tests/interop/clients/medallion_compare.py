"""medallion, the reference server of OASIS, is loaded with the node's own objects and dates, and both are asked the same, case by case.

Left out, as medallion differs from the standard there: `*/*` and a media type without a version (it answers 406), a malformed
`added_after` or `match[version]` (500), `next` without `limit` (500), `all` together with others (it is allowed), the dates in the head of an
empty answer, pages of versions, and bodies of 401 and 405 (they are HTML). The first object of the collection is left out too, and every question is for what came after
it: medallion takes the `version` of an extension definition for a time (500)."""

import base64
import json
import os
import ssl
import sys
import tempfile
import urllib.error
import urllib.parse
import urllib.request

import medallion

url, token = sys.argv[1:]
ACCEPT = "application/taxii+json;version=2.1"
COLLECTION = "91a7b528-80eb-42ed-a74d-c6fbd5a26116"
context = ssl.create_default_context(cafile=os.environ["REQUESTS_CA_BUNDLE"])
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context))


def basic(user, password):
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def node(path, query):
    address = urllib.parse.urljoin(url, path) + ("?" + urllib.parse.urlencode(query) if query else "")
    request = urllib.request.Request(address, headers={"Accept": ACCEPT, "Authorization": basic("a", token)})
    try:
        with opener.open(request) as told:
            return told.status, json.load(told), told.headers
    except urllib.error.HTTPError as error:
        return error.code, json.load(error), error.headers


collection = "/taxii2/overlap/collections/overlaps-b/"
_, objects, _ = node(collection + "objects/", {})
_, manifest, _ = node(collection + "manifest/", {})
assert not objects["more"], "all fit on a page"
assert objects["objects"][0]["type"] == "extension-definition"
begin = manifest["objects"][0]["date_added"]
everything, records = objects["objects"][1:], manifest["objects"][1:]

folder = tempfile.mkdtemp()
data, config = os.path.join(folder, "data.json"), os.path.join(folder, "config.json")
with open(data, "w") as file:
    json.dump({
        "/discovery": {"title": "T", "default": "http://localhost/root/", "api_roots": ["http://localhost/root/"]},
        "root": {
            "information": {"title": "R", "versions": [ACCEPT], "max_content_length": 9765625},
            "status": [],
            "collections": [{
                "id": COLLECTION, "title": "C", "can_read": True, "can_write": False,
                "media_types": ["application/stix+json;version=2.1"], "objects": everything, "manifest": records,
            }],
        },
    }, file)
with open(config, "w") as file:
    json.dump({
        "backend": {
            "module": "medallion.backends.memory_backend", "module_class": "MemoryBackend",
            "filename": data, "session_timeout": 600,
        },
        "users": {"a": "p"}, "taxii": {"max_page_size": 1000},
    }, file)
client = medallion.load_app(config).test_client()


def reference(path, query):
    path = path.replace(collection, f"/root/collections/{COLLECTION}/").replace("/taxii2/overlap/", "/root/")
    address = path + ("?" + urllib.parse.urlencode(query) if query else "")
    told = client.get(address, headers={"Accept": ACCEPT, "Authorization": basic("a", "p")})
    return told.status_code, told.get_json(silent=True), told.headers


def as_told(status, body, headers):
    """What of an answer both have to agree on."""
    if status != 200:
        return {"status": status}
    told = {"status": status, "more": body.get("more", False), "has_next": "next" in body}
    for name in ("objects", "versions"):
        told[name] = body.get(name, [])
    if told["objects"] or told["versions"]:
        told["dates"] = [headers.get("X-TAXII-Date-Added-First"), headers.get("X-TAXII-Date-Added-Last")]
    return told


cases, different = 0, []


def compare(path, query):
    global cases
    cases += 1
    if path.endswith(("objects/", "manifest/")):
        query = {"added_after": begin, **query}
    ours, theirs = node(path, query), reference(path, query)
    if as_told(*ours) != as_told(*theirs):
        different.append({"path": path, "query": query, "node": str(as_told(*ours))[:400], "medallion": str(as_told(*theirs))[:400]})
    return ours, theirs


def compare_pages(path, query):
    """Every page, by the `next` of each."""
    ours_query, theirs_query = {"added_after": begin, **query}, {"added_after": begin, **query}
    while True:
        global cases
        cases += 1
        ours, theirs = node(path, ours_query), reference(path, theirs_query)
        if as_told(*ours) != as_told(*theirs):
            different.append({"path": path, "query": ours_query, "node": str(as_told(*ours))[:400], "medallion": str(as_told(*theirs))[:400]})
            return
        if not ours[1].get("more"):
            return
        ours_query["next"], theirs_query["next"] = ours[1]["next"], theirs[1]["next"]


ids = [item["id"] for item in everything]
dates = [item["date_added"] for item in records]
versions = sorted({item["version"] for item in records})
filters = [
    {},
    {"match[type]": "indicator"},
    {"match[type]": "sighting,identity"},
    {"match[type]": "malware"},
    {"match[id]": ids[0]},
    {"match[id]": ",".join([ids[-1], ids[0], ids[9], "indicator--00000000-0000-4000-8000-000000000000"])},
    {"match[id]": "indicator--00000000-0000-4000-8000-000000000000"},
    {"match[version]": "last"},
    {"match[version]": "first"},
    {"match[version]": "all"},
    {"match[version]": "first,last"},
    {"match[version]": versions[0]},
    {"match[version]": versions[-1]},
    {"match[version]": ",".join(versions[:2])},
    {"match[version]": "2001-01-01T00:00:00.000Z"},
    {"match[spec_version]": "2.1"},
    {"match[spec_version]": "2.0"},
    {"match[spec_version]": "2.0,2.1"},
    {"match[type]": "indicator", "match[version]": "first", "match[spec_version]": "2.1"},
    {"match[type]": "sighting", "match[id]": ids[9]},
    {"match[colour]": "red"},
]
for part in ("objects/", "manifest/"):
    for query in filters:
        compare(collection + part, query)
        for limit in (1, 5, 1000):
            compare(collection + part, {**query, "limit": limit})
        compare(collection + part, {**query, "added_after": dates[len(dates) // 2]})
    for date in (dates[0], dates[7], dates[8], dates[-2], dates[-1], begin, "2099-01-01T00:00:00.000Z"):
        compare(collection + part, {"added_after": date})
        compare(collection + part, {"added_after": date, "limit": 3})
    for query in ({}, {"match[type]": "indicator"}, {"match[type]": "sighting"}, {"added_after": dates[10]}):
        for limit in (3, 10):
            compare_pages(collection + part, {**query, "limit": limit})
    for limit in ("0", "-1", "x", ""):
        compare(collection + part, {"limit": limit})

for identifier in [ids[0], ids[1], ids[3], *ids[8::7]]:
    for query in ({}, {"match[version]": "all"}, {"match[version]": "2001-01-01T00:00:00.000Z"}, {"match[spec_version]": "2.1"}, {"match[spec_version]": "2.0"}):
        compare(collection + f"objects/{identifier}/", query)
    compare(collection + f"objects/{identifier}/versions/", {})
    compare(collection + f"objects/{identifier}/versions/", {"match[spec_version]": "2.1"})
unknown = "indicator--00000000-0000-4000-8000-000000000000"
for path in (
    collection + f"objects/{unknown}/",
    collection + f"objects/{unknown}/versions/",
    "/taxii2/overlap/collections/00000000-0000-4000-8000-000000000000/",
    "/taxii2/overlap/collections/00000000-0000-4000-8000-000000000000/objects/",
    "/taxii2/overlap/status/00000000-0000-4000-8000-000000000000/",
):
    compare(path, {})
compare(collection + f"objects/{unknown}/", {"match[version]": "all"})

print(json.dumps({"cases": cases, "different": different[:20]}))
