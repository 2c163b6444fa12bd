"""misp-modules with our module in its folder of custom modules, and the node's own listener: both are asked as MISP asks."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

url, token = sys.argv[1:]
url, own_port = url.split("?")
deploy = Path(__file__).resolve().parents[3] / "deploy" / "misp-modules"
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def ask(port, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    with opener.open(f"http://127.0.0.1:{port}{path}", data, timeout=60) as answer:
        assert answer.status == 200
        return json.load(answer)


port = free_port()
program = Path(sys.executable).parent / "misp-modules"
log = open(os.devnull, "w")
server = subprocess.Popen([program, "-l", "127.0.0.1", "-p", str(port), "-c", deploy], stdout=log, stderr=log)
try:
    for _ in range(600):
        try:
            modules = ask(port, "/modules")
            break
        except (urllib.error.URLError, ConnectionError):
            assert server.poll() is None, "misp-modules has ended"
            time.sleep(0.2)
    module = next(item for item in modules if item["name"] == "overlapd")
    assert module["meta"]["module-type"] == ["expansion", "hover"], module
    assert module["mispattributes"]["format"] == "misp_standard"
    own = next(item for item in ask(own_port, "/modules") if item["name"] == "overlapd")
    assert own["mispattributes"]["format"] == "misp_standard"
    assert set(own["mispattributes"]["input"]) >= {"url", "domain", "ip-dst", "btc", "iban", "text"}
    assert ask(own_port, "/healthcheck") == {"status": True}

    config = {"url": url, "token": token, "ca": os.environ["REQUESTS_CA_BUNDLE"]}
    different, asked = [], 0
    for type_name, value, held in [
        ("url", "hxxps://www.example[.]org/it%27s?q='%5B1%5D", True),
        ("domain", "bücher.example", True),
        ("ip-src", "192.0.2.7", True),
        ("btc", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", True),
        ("iban", "NL91 ABNA 0417 1643 00", True),
        ("md5", "D41D8CD98F00B204E9800998ECF8427E", True),
        ("text", "telegram:@Some_Body", True),
        ("domain", "nobody.example", False),
        ("text", "4111111111111111", False),
    ]:
        attribute = {"type": type_name, "value": value, "uuid": "6a4d9d3e-2b0f-4f4e-8d6f-0c3c6c1f8a11", "category": "Other", "id": "7"}
        question = {"module": "overlapd", "attribute": attribute, "event_id": "3", "config": config}
        answers = [ask(port, "/query", question), ask(own_port, "/query", question)]
        asked += 1
        for answer in answers:
            if not held:
                assert answer == {"results": {}}, answer
                continue
            told = answer["results"]["Attribute"][0]
            assert told["value"] == value and told["uuid"] == attribute["uuid"], answer
            tags = [tag["name"] for tag in told["Tag"]]
            if 'overlapd:peer="b"' not in tags:
                different.append([value, answer])
        old = ask(own_port, "/query", {"module": "overlapd", type_name: value, "config": {}})
        assert bool(old["results"]) == held, old

    wrong = {"module": "overlapd", "attribute": attribute, "config": {**config, "token": "wrong"}}
    assert ask(port, "/query", wrong) == {"error": "overlapd: the node did not answer: status 401"}
    unset = {"module": "overlapd", "attribute": attribute, "config": {}}
    assert ask(port, "/query", unset) == {"error": "overlapd: url and token have to be set"}
    plain = {"module": "overlapd", "attribute": attribute, "config": {**config, "url": "http://127.0.0.1:1/"}}
    assert "error" in ask(port, "/query", plain)
    print(json.dumps({"asked": asked, "different": different}))
finally:
    server.terminate()
    server.wait()
