#!/usr/bin/env python3
"""An analyser for Cortex: asks an overlapd node which partners hold an observable that this member holds.

It reads JOB/input/input.json and writes JOB/output/output.json, where JOB is its argument, or reads standard input and writes standard output
without one. It needs nothing but Python's standard library.
"""

import json
import os
import ssl
import sys
import urllib.error
import urllib.request

# Seconds for the node's answer.
TIMEOUT = 20
# Attributes of the node that are read: an observable is one for each partner and facet.
LIMIT = 500
# Bytes of an answer that are read: far more than so many attributes take.
MAX_ANSWER = 16 * 1024 * 1024
# What is allowed where the configuration says nothing: TLP and PAP amber.
DEFAULT_LEVEL = 2
# Settings that are never told back.
SECRETS = ("key", "token", "password", "secret")


class Refused(Exception):
    """The job cannot be done; the text says why and has no secret in it."""


def main(arguments):
    """Does one job; the exit code."""
    job = {}
    folder = arguments[1] if len(arguments) > 1 else None
    try:
        job = read(folder)
        report = analyse(job)
    except Refused as refused:
        report = {"success": False, "errorMessage": str(refused), "input": without_secrets(job)}
    write(folder, report)
    return 0 if report["success"] else 1


def read(folder):
    """The job."""
    try:
        if folder is None:
            job = json.load(sys.stdin)
        else:
            with open(os.path.join(folder, "input", "input.json"), encoding="utf-8") as file:
                job = json.load(file)
    except (OSError, ValueError) as error:
        raise Refused(f"the job's input cannot be read: {type(error).__name__}") from None
    if not isinstance(job, dict):
        raise Refused("the job's input is no object")
    return job


def write(folder, report):
    """The report, whole or not at all."""
    text = json.dumps(report, ensure_ascii=False)
    if folder is None:
        print(text)
        return
    output = os.path.join(folder, "output")
    os.makedirs(output, exist_ok=True)
    with open(os.path.join(output, "output.json.new"), "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(os.path.join(output, "output.json.new"), os.path.join(output, "output.json"))


def analyse(job):
    """The report of a job."""
    config = job.get("config") if isinstance(job.get("config"), dict) else {}
    check_level(job, config, "tlp")
    check_level(job, config, "pap")
    data = job.get("data")
    if not isinstance(data, str) or not data.strip():
        raise Refused("the observable has no data")
    overlaps = [told(item) for item in search(job, config, data)]
    members = sorted({overlap["member"] for overlap in overlaps if overlap["member"]})
    return {
        "success": True,
        "summary": {"taxonomies": [taxonomy(members)]},
        "full": {"data": data, "held": bool(overlaps), "members": members, "overlaps": overlaps},
        "artifacts": [],
        "operations": [],
    }


def check_level(job, config, name):
    """Refuses a job whose marking is narrower than the configuration allows."""
    if not config.get(f"check_{name}", True):
        return
    level, most = job.get(name, DEFAULT_LEVEL), config.get(f"max_{name}", DEFAULT_LEVEL)
    if not isinstance(level, int) or not isinstance(most, int):
        raise Refused(f"{name.upper()} is no number")
    if level > most:
        raise Refused(f"{name.upper()} is higher than allowed: {level} and {most}")


def search(job, config, data):
    """The node's attributes for the observable."""
    url, token = config.get("url"), config.get("api_key")
    if not isinstance(url, str) or not url.startswith("https://"):
        raise Refused("url: the node's MISP API, which begins with https://")
    if not isinstance(token, str) or not token:
        raise Refused("api_key: a token of the node is needed")
    body = {"returnFormat": "json", "value": [data], "limit": LIMIT, "page": 1, "includeEventTags": True}
    headers = {"Authorization": token, "Content-Type": "application/json", "Accept": "application/json"}
    request = urllib.request.Request(url.rstrip("/") + "/attributes/restSearch", json.dumps(body).encode(), headers, method="POST")
    try:
        with opener(config).open(request, timeout=TIMEOUT) as answer:
            return json.loads(answer.read(MAX_ANSWER))["response"]["Attribute"]
    except urllib.error.HTTPError as error:
        raise Refused(f"the node refused: status {error.code}") from None
    except urllib.error.URLError as error:
        raise Refused(f"the node cannot be reached: {error.reason}") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Refused(f"the node's answer cannot be read: {type(error).__name__}") from None


def opener(config):
    """Over TLS, by the authority that is configured, the one that Cortex gives, or the system's; by no proxy that the environment names."""
    authority = config.get("ca") or os.environ.get("REQUESTS_CA_BUNDLE") or None
    try:
        context = ssl.create_default_context(cafile=authority)
    except (OSError, ssl.SSLError):
        raise Refused("ca: the file of the certificate authority cannot be used") from None
    https = urllib.request.HTTPSHandler(context=context)
    return urllib.request.build_opener(urllib.request.ProxyHandler({}), https, NoRedirects())


class NoRedirects(urllib.request.HTTPRedirectHandler):
    """Follows no redirect: the token would go along to wherever it leads."""

    def redirect_request(self, req, fp, code, msg, headers, newurl):
        return None


def told(item):
    """An overlap, as the report's templates show it."""
    names = [str(tag.get("name", "")) for tag in item.get("Tag", [])]
    return {
        "member": tag_value(names, "peer"),
        "kind": tag_value(names, "kind"),
        "facet": tag_value(names, "facet"),
        "value": str(item.get("value", "")),
        "date": str(item.get("Event", {}).get("date", "")),
        "marking": next((name for name in names if name.startswith("tlp:")), ""),
    }


def tag_value(names, predicate):
    """What the machine tag `overlapd:PREDICATE="…"` says."""
    prefix = f'overlapd:{predicate}="'
    return next((name[len(prefix):-1] for name in names if name.startswith(prefix)), "")


def taxonomy(members):
    """The short report."""
    value = f"{len(members)} member" + ("" if len(members) == 1 else "s")
    level = "suspicious" if members else "info"
    return {"level": level, "namespace": "Overlapd", "predicate": "Overlap", "value": value}


def without_secrets(job):
    """The job as an error tells it back."""
    config = job.get("config") if isinstance(job.get("config"), dict) else {}
    hidden = {name: "REMOVED" if any(word in name.lower() for word in SECRETS) else value for name, value in config.items()}
    return {**job, "config": hidden}


if __name__ == "__main__":
    sys.exit(main(sys.argv))
