"""The process behind the window: ROS in a thread, drawing in another, the page's server in asyncio."""

from __future__ import annotations

import argparse
import asyncio
import errno
import socket
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import count
from threading import Thread
from typing import Any

import rclpy
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.signals import SignalHandlerOptions
from rclpy.utilities import remove_ros_args

try:
    from aiohttp import web
except ModuleNotFoundError:
    raise SystemExit("error: the page needs aiohttp: apt install python3-aiohttp, or pip install aiohttp") from None

from unexpected_ros.live.spinning import keep_spinning
from unexpected_ros.load.worker import Worker
from unexpected_ros.start import SIGNALS
from unexpected_ros.view.assembly import Whole
from unexpected_ros.view.facts import frame
from unexpected_ros.view.hub import Hub
from unexpected_ros.view.remote import DetectorRemote
from unexpected_ros.view.server import LOOPBACK, application
from unexpected_ros.view.watcher import Watcher

PORT = 8642
GRACE_S = 1.0


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """The command line without its ROS arguments."""
    parser = argparse.ArgumentParser(prog="view", description="a page that shows what a detector sees, live")
    parser.add_argument("--detector", metavar="NAME", help="such as /unexpected/detector; default: the first there is")
    parser.add_argument(
        "--port", type=int, help=f"0 takes a free one; default: {PORT}, or a free one where it is taken"
    )
    parser.add_argument(
        "--host",
        default=LOOPBACK[1],
        help="address to listen on; anybody who reaches it may use the page (%(default)s)",
    )
    given = parser.parse_args(arguments)
    if given.port is not None and not 0 <= given.port <= 65535:
        parser.error(f"--port {given.port}: expected 0 to 65535")
    return given


async def serve(given: argparse.Namespace, ready: Callable[[str], None], stop: asyncio.Event) -> None:
    """Serve the page until `stop` is set; `ready` hears the address. Raises OSError for a port that is taken."""
    loop, hub, numbers = asyncio.get_running_loop(), Hub(), count(1)

    def soon(call: Callable[..., None]) -> Callable[..., None]:
        return lambda *values, **names: loop.call_soon_threadsafe(lambda: call(*values, **names))

    def show(frames: list[tuple[str, Whole]]) -> None:
        for camera, whole in frames:
            soon(hub.show)(camera, frame(camera, whole, next(numbers)))

    drawing = Worker(show, _on_error, "drawing")
    node = Watcher(
        given.detector,
        lambda: hub.wanted,
        lambda camera, whole: drawing.offer((camera, whole), camera),
        soon(lambda detector: remote.meet(detector)),
        soon(hub.tell),
        lambda name: remote.value(name),
    )
    remote = DetectorRemote(node, lambda parameters: hub.tell(parameters=parameters))
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    spinning = Thread(target=_spin, args=(executor,), name="ros")
    runner = web.AppRunner(application(hub, remote, given.host), shutdown_timeout=GRACE_S)
    try:
        await runner.setup()
        await _listen(runner, given.host, given.port)
        spinning.start()
        ready(_address(given.host, runner.addresses[0][1]))
        await stop.wait()
    finally:
        await runner.cleanup()
        executor.shutdown(GRACE_S)
        if spinning.is_alive():
            spinning.join(GRACE_S)
        drawing.stop(GRACE_S)
        node.destroy_node()


async def _listen(runner: web.AppRunner, host: str, port: int | None) -> None:
    try:
        await web.TCPSite(runner, host, PORT if port is None else port).start()
    except OSError:
        if port is not None:
            raise
        await web.TCPSite(runner, host, 0).start()


def _spin(executor: SingleThreadedExecutor) -> None:
    with suppress(ExternalShutdownException):
        keep_spinning(executor.spin, lambda text: print(f"view: {text}", file=sys.stderr, flush=True))


def _on_error(item: tuple[str, Whole], error: Exception) -> None:
    print(f"view: a frame could not be drawn: {type(error).__name__}: {error}", file=sys.stderr, flush=True)


def _address(host: str, port: int) -> str:
    shown = "localhost" if host in LOOPBACK else f"[{host}]" if ":" in host else host
    return f"http://{shown}:{port}"


async def _until_told(given: argparse.Namespace) -> None:
    stop = asyncio.Event()
    for number in SIGNALS:
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await serve(given, lambda address: print(f"open {address}", flush=True), stop)


def main(arguments: Any = None) -> int:
    """Run until interrupted: 0; 1 with the cause on stderr when it cannot begin."""
    given = parse(remove_ros_args(sys.argv if arguments is None else arguments)[1:])
    rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
    try:
        asyncio.run(_until_told(given))
    except OSError as error:
        place = f"{given.host}:{PORT if given.port is None else given.port}"
        elsewhere = isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL
        cure = "give --host an address of this machine" if elsewhere else "try --port 0"
        print(f"error: cannot listen on {place}: {error.strerror}; {cure}", file=sys.stderr)
        return 1
    finally:
        rclpy.try_shutdown()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
