"""Python looks this file up at its start: names below `localhost` are this machine (RFC 6761), which not every resolver knows."""

import socket

_look_up = socket.getaddrinfo


def _with_local_names(host, *args, **kwargs):
    name = host.decode() if isinstance(host, bytes) else host
    return _look_up("127.0.0.1" if isinstance(name, str) and name.endswith(".localhost") else host, *args, **kwargs)


socket.getaddrinfo = _with_local_names
