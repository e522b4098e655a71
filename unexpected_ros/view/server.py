"""The web server: one page, its two files, a socket for each viewer, the settings as a file."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from aiohttp import WSMsgType, web

from unexpected_ros.view.hub import Hub, Viewer

HERE = Path(__file__).resolve().parent
PAGE = {"/": "page.html", "/page.css": "page.css", "/page.js": "page.js"}
LOOPBACK = ("localhost", "127.0.0.1", "::1")
POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' blob: data:"
MAX_COMMAND = 1 << 16
"""Most bytes of a message from a page."""
HEARTBEAT_S = 10.0
SETTINGS_FILE = "detector.param.yaml"


class RemoteError(RuntimeError):
    """The detector did not do what it was asked for; the message says why."""


class Remote(Protocol):
    """The detector, as far as the page may command it. Each raises RemoteError."""

    async def set(self, values: dict[str, Any]) -> None:
        """Set live parameters, all or none."""

    async def save_sample(self) -> str:
        """Have the last frame saved; returns where."""

    async def settings_file(self) -> str:
        """The text of a parameter file with everything as it is now."""


def application(hub: Hub, remote: Remote, host: str) -> web.Application:
    """The site. host: the address it listens on; on a loopback address only local names are answered to."""
    app = web.Application(middlewares=[_guard(host)])
    app.router.add_get("/socket", lambda request: _socket(request, hub, remote))
    app.router.add_get("/settings", lambda request: _settings(remote))
    for path, name in PAGE.items():
        app.router.add_get(path, lambda request, name=name: web.FileResponse(HERE / name))
    return app


def _guard(host: str) -> Callable[..., Any]:
    """A site that is open in the same browser must not reach the detector: neither by its own name pointed at this
    machine (Host), nor by a socket across sites (Origin).
    """

    @web.middleware
    async def guard(
        request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        name = urlsplit(f"//{request.host}").hostname
        if host in LOOPBACK and name not in LOOPBACK:
            raise web.HTTPForbidden(
                text=f"this page answers to {', '.join(LOOPBACK)}; start it with --host to serve others"
            )
        origin = request.headers.get("Origin")
        if origin and urlsplit(origin).netloc != request.host:
            raise web.HTTPForbidden(text=f"refused: a page of {origin} may not use this one")
        response = await handler(request)
        if not response.prepared:
            response.headers.update({"Content-Security-Policy": POLICY, "Cache-Control": "no-cache"})
        return response

    return guard


async def _settings(remote: Remote) -> web.Response:
    try:
        text = await remote.settings_file()
    except RemoteError as error:
        return web.Response(status=503, text=f"{error}\n")
    headers = {"Content-Disposition": f'attachment; filename="{SETTINGS_FILE}"'}
    return web.Response(text=text, content_type="application/yaml", headers=headers)


async def _socket(request: web.Request, hub: Hub, remote: Remote) -> web.WebSocketResponse:
    """One viewer: frames and state go out by a task of their own, commands are done in order."""
    # most of what is sent are JPEGs, which compressing makes no smaller
    socket = web.WebSocketResponse(heartbeat=HEARTBEAT_S, max_msg_size=MAX_COMMAND, compress=False)
    await socket.prepare(request)
    viewer = Viewer()
    hub.enter(viewer)
    sending = asyncio.create_task(_send(socket, viewer, hub))
    try:
        await _hear(socket, viewer, hub, remote)
    finally:
        hub.leave(viewer)
        sending.cancel()
    return socket


async def _send(socket: web.WebSocketResponse, viewer: Viewer, hub: Hub) -> None:
    with suppress(ConnectionResetError):  # the page was closed
        while not socket.closed:
            await viewer.news.wait()
            viewer.news.clear()
            if state := viewer.next_state(hub):
                await socket.send_str(state)
            if frame := viewer.next_frame(hub):
                await socket.send_bytes(frame)


async def _hear(socket: web.WebSocketResponse, viewer: Viewer, hub: Hub, remote: Remote) -> None:
    with suppress(ConnectionResetError):  # before it had its answer
        async for message in socket:
            if message.type == WSMsgType.TEXT:
                await _obey(message.data, socket, viewer, hub, remote)


def read_command(text: str) -> dict[str, Any]:
    """One command of the page. Raises ValueError."""
    try:
        command = json.loads(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    kinds = {"set": dict, "camera": str}
    if not isinstance(command, dict) or any(
        not isinstance(command.get(name, kind()), kind) for name, kind in kinds.items()
    ):
        raise ValueError('expected {"shown": true}, {"camera": name}, {"set": {name: value}} or {"save": true}')
    return command


async def _obey(text: str, socket: web.WebSocketResponse, viewer: Viewer, hub: Hub, remote: Remote) -> None:
    """Do one command of the page; it hears what came of "set" and "save"."""
    try:
        command = read_command(text)
        if "shown" in command:
            viewer.ready = True
            viewer.news.set()
        if "camera" in command:
            hub.turn(viewer, command["camera"])
        if "set" in command:
            await remote.set(command["set"])
            await socket.send_json({"done": "set"})
        if "save" in command:
            await socket.send_json({"done": "save", "text": f"saved {await remote.save_sample()}"})
    except (RemoteError, ValueError) as error:
        await socket.send_json({"done": "error", "text": str(error)})
