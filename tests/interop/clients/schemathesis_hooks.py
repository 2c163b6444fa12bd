"""What schemathesis is taught for the node: a form of bodies, and the one token that it must not take from itself."""

import schemathesis

# The token with which the run's calls are made.
OWN_TOKEN = "schemathesis"


@schemathesis.serializer("application/x-ndjson")
def lines_of_json(_context, value):
    """The document has NDJSON as a text."""
    return {"data": value.encode() if isinstance(value, str) else value}


@schemathesis.hook
def before_call(_context, case, _kwargs):
    """Every call of every phase comes by here, whatever made it up: without its token the run would see nothing but 401."""
    if case.method.upper() == "DELETE" and case.operation.path == "/api/v1/tokens/{name}":
        if str(case.path_parameters.get("name")) == OWN_TOKEN:
            case.path_parameters["name"] = OWN_TOKEN + "-of-nobody"
