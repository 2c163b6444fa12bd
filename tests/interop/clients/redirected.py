"""Has a module that asks the node send its question to a server that redirects, and says what came of it."""

import http.server
import importlib.util
import sys
import threading
import urllib.error
import urllib.request

asked = []


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        asked.append(self.path)
        self.send_response(303)
        self.send_header("Location", f"http://127.0.0.1:{self.server.server_port}/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_GET(self):
        asked.append((self.path, self.headers.get("Authorization")))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *arguments):
        pass


spec = importlib.util.spec_from_file_location("module", sys.argv[1])
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)

server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_port}/asked"
try:
    with module.opener({}).open(urllib.request.Request(url, b"{}", {"Authorization": "secret"}), timeout=20) as answer:
        print(answer.status, asked)
except urllib.error.HTTPError as error:
    print(f"{error.code}, and {'nothing came' if asked == ['/asked'] else asked} after it")
