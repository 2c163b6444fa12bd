"""A module for misp-modules: asks an overlapd node whether it holds a value, and which partners hold it too.

Put it into the folder `expansion` of a folder of your own, start `misp-modules -c THAT_FOLDER`, and set in MISP (Administration, Server settings, Plugin,
Enrichment) the URL of the node's MISP API, a token with the role `read`, and the certificate authority's file where the node's certificate is from one that
the system does not trust.
"""

import json
import ssl
import urllib.error
import urllib.request

mispattributes = {
    "input": [
        "url", "uri", "link", "domain", "hostname", "onion-address", "ip-src", "ip-dst", "email", "email-src", "email-dst",
        "phone-number", "btc", "xmr", "dash", "iban", "md5", "sha1", "sha256", "text",
    ],
    "output": ["text"],
    "format": "misp_standard",
}
moduleinfo = {
    "version": "1.0",
    "author": "overlapd",
    "name": "overlapd",
    "description": "Says which partners hold a value that this member holds.",
    "module-type": ["expansion", "hover"],
    "logo": "",
    "requirements": ["A node of overlapd, and a token of it with the role read"],
    "features": "Asks the node's own API. Nothing leaves the organisation: partners are not asked.",
    "references": [],
    "input": "An attribute whose type is one of a kind that the node compares.",
    "output": "The same attribute with a tag for each partner that holds it.",
}
moduleconfig = ["url", "token", "ca"]

# Seconds for the node's answer: a page that hovers waits five.
TIMEOUT = 4
# Attributes of the node that are read: a value is one for each partner and facet.
LIMIT = 200
# Bytes of an answer that are read: far more than so many attributes take.
MAX_ANSWER = 8 * 1024 * 1024


def handler(q=False):
    """Answers a question, as misp-modules hands it on."""
    if q is False:
        return False
    try:
        request = json.loads(q)
        attribute = request.get("attribute")
        value = attribute["value"]
    except (ValueError, AttributeError, KeyError, TypeError):
        return {"error": "an attribute with a value is needed"}
    config = request.get("config") or {}
    if not config.get("url") or not config.get("token"):
        return {"error": "overlapd: url and token have to be set"}
    try:
        found = search(config, value)
    except (OSError, ValueError, KeyError) as error:
        return {"error": f"overlapd: the node did not answer: {reason(error)}"}
    if not found:
        return {"results": {}}
    return {"results": {"Attribute": [enriched(attribute, found)]}}


def introspection():
    """Which attributes it takes."""
    return mispattributes


def version():
    """What it is, and what has to be set."""
    moduleinfo["config"] = moduleconfig
    return moduleinfo


def search(config, value):
    """The node's attributes for a value."""
    url = config["url"].rstrip("/") + "/attributes/restSearch"
    if not url.startswith("https://"):
        raise ValueError("the URL has to begin with https://")
    body = {"returnFormat": "json", "value": [value], "limit": LIMIT, "page": 1, "includeEventTags": True}
    headers = {"Authorization": config["token"], "Content-Type": "application/json", "Accept": "application/json"}
    request = urllib.request.Request(url, json.dumps(body).encode(), headers, method="POST")
    with opener(config).open(request, timeout=TIMEOUT) as answer:
        return json.loads(answer.read(MAX_ANSWER))["response"]["Attribute"]


def opener(config):
    """Over TLS, and by no proxy and no redirect: a token is not to go where the environment or an answer says."""
    context = ssl.create_default_context(cafile=config.get("ca") or None)
    https = urllib.request.HTTPSHandler(context=context)
    return urllib.request.build_opener(urllib.request.ProxyHandler({}), https, NoRedirects())


class NoRedirects(urllib.request.HTTPRedirectHandler):
    """Follows no redirect: it is an error with the redirect's status."""

    def redirect_request(self, req, fp, code, msg, headers, newurl):
        return None


def enriched(attribute, found):
    """The attribute that was asked for, with what the node's attributes say."""
    tags, comments = [], []
    for item in found:
        comments.append(str(item.get("comment", "")))
        tags += [str(tag["name"]) for tag in item.get("Tag", []) if str(tag.get("name", "")).startswith("overlapd:")]
    told = {name: attribute[name] for name in ("uuid", "type", "category", "value") if name in attribute}
    told["comment"] = " ".join(dict.fromkeys(comments))
    told["Tag"] = [{"name": name} for name in dict.fromkeys(tags)]
    return told


def reason(error):
    """Why the node did not answer, without the token or the value."""
    if isinstance(error, urllib.error.HTTPError):
        return f"status {error.code}"
    if isinstance(error, urllib.error.URLError):
        return str(error.reason)
    return type(error).__name__ if not isinstance(error, ValueError) else "the answer or the URL is not valid"
