"""pymisp's own list of types: those whose `to_ids` is off by itself; and those of the node are among them."""

import json
import os
import sys
from importlib.resources import files

from pymisp import PyMISP

url, token = sys.argv[1:]
packaged = json.loads(files("pymisp").joinpath("data/describeTypes.json").read_text())["result"]
served = PyMISP(url, token, ssl=os.environ["REQUESTS_CA_BUNDLE"]).describe_types
for name, default in served["sane_defaults"].items():
    assert name in packaged["types"], name
    assert name in packaged["category_type_mappings"][default["default_category"]], name
print(json.dumps({"off": [name for name, default in packaged["sane_defaults"].items() if not default["to_ids"]]}))
