"""The remote workspace of OpenHands, unchanged, against a server of Assay. Arguments: URL, account key, image. Prints one JSON object of what it saw."""

import json
import sys
import tempfile
from pathlib import Path

from openhands.sdk.conversation.impl.remote_conversation import WebSocketCallbackClient
from openhands.workspace import APIRemoteWorkspace

url, key, image = sys.argv[1:]
seen = {}
folder = Path(tempfile.mkdtemp())
settings = dict(
    runtime_api_url=url,
    runtime_api_key=key,
    server_image=image,
    target_type="source",
    session_id="the-session",
    working_dir="/tmp",
)

with APIRemoteWorkspace(**settings, keep_alive=True) as workspace:
    seen["alive"] = workspace.alive
    result = workspace.execute_command("echo out; echo problem >&2; pwd; exit 3", cwd="/tmp", timeout=60)
    seen["command"] = [result.exit_code, result.stdout, result.stderr, result.timeout_occurred]
    seen["slow"] = workspace.execute_command("sleep 30", timeout=1).timeout_occurred
    (folder / "up.bin").write_bytes(bytes(range(256)) * 4096)
    seen["upload"] = workspace.file_upload(folder / "up.bin", "/tmp/there.bin").success
    seen["size"] = workspace.execute_command("wc -c < /tmp/there.bin", timeout=60).stdout.strip()
    seen["download"] = workspace.file_download("/tmp/there.bin", folder / "down.bin").success
    seen["same"] = (folder / "down.bin").read_bytes() == (folder / "up.bin").read_bytes()
    seen["server"] = sorted(workspace.get_server_info())[:1] != []
    workspace.pause()
    seen["paused"] = workspace.client.get(f"{url}/sessions/the-session", headers={"X-API-Key": key}).json()["status"]
    workspace.resume()
    seen["resumed"] = workspace.execute_command("cat /tmp/there.bin | wc -c", timeout=60).stdout.strip()

# It is still there: a second client finds it by its session.
with APIRemoteWorkspace(**settings) as workspace:
    seen["attached"] = workspace.execute_command("ls /tmp/there.bin", timeout=60).stdout.strip()
    created = workspace.client.post(
        "/api/conversations",
        json={
            "agent": {"kind": "Agent", "llm": {"model": "openai/none", "api_key": "none", "usage_id": "none"}, "tools": []},
            "workspace": {"kind": "LocalWorkspace", "working_dir": "/tmp"},
        },
    )
    seen["conversation"] = created.status_code
    events = []
    socket = WebSocketCallbackClient(
        host=workspace.host,
        conversation_id=created.json()["id"],
        callback=lambda event: events.append(type(event).__name__),
        api_key=workspace.api_key,
    )
    socket.start()
    seen["subscribed"] = socket.wait_until_ready(timeout=30)
    socket.stop()
    seen["events"] = events[:1]

print(json.dumps(seen))
