"""The page's server without ROS and without a browser."""

import asyncio
import gc
import os

import pytest

aiohttp = pytest.importorskip("aiohttp")
from aiohttp import web  # noqa: E402

from unexpected_ros.view.hub import Hub  # noqa: E402
from unexpected_ros.view.server import RemoteError, application  # noqa: E402

FRAME = os.urandom(1 << 19)


class Unsaved:
    """A detector that takes a moment to say no."""

    async def save_sample(self):
        await asyncio.sleep(0.05)
        raise RemoteError("not now")


async def serve(hub, visit):
    """Await visit(session, address of the socket) against a server of ours; returns what went wrong unseen in it."""
    unseen = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: unseen.append(context))
    runner = web.AppRunner(application(hub, Unsaved(), "localhost"), shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "localhost", 0).start()
    async with aiohttp.ClientSession() as session:
        await visit(session, f"http://localhost:{runner.addresses[0][1]}/socket")
    await runner.cleanup()
    gc.collect()
    await asyncio.sleep(0)
    return unseen


def test_viewers_that_break_off_while_they_are_sent_something_leave_no_error(caplog):
    hub = Hub()
    hub.tell(cameras={"": {}})

    async def visit(session, address):
        for pause in (0, 0.001, 0.003, 0.01, 0.03) * 4:
            connection = await session.ws_connect(address, compress=15, max_msg_size=0)  # as browsers offer
            await connection.receive()
            await connection.send_json({"save": True})
            hub.show("", FRAME)
            await asyncio.sleep(pause)
            connection._response.connection.transport.abort()
        await asyncio.sleep(0.2)
        assert not hub.viewers

    assert asyncio.run(serve(hub, visit)) == []
    assert not caplog.records


@pytest.mark.parametrize("text", ["[" * 60_000, "{", '"a"', '{"set": 1}', '{"camera": null}'])
def test_a_command_that_is_none_is_answered_in_one_line(text, caplog):
    async def visit(session, address):
        async with session.ws_connect(address) as connection:
            for _ in range(2):
                await connection.send_str(text)
                while "done" not in (answer := await connection.receive_json()):
                    pass
                assert answer["done"] == "error" and answer["text"]

    assert asyncio.run(serve(Hub(), visit)) == []
    assert not caplog.records


def test_pictures_are_not_compressed_once_more():
    hub = Hub()
    hub.tell(cameras={"": {}})
    agreed = []

    async def visit(session, address):
        async with session.ws_connect(address, compress=15) as connection:
            agreed.append(connection.compress)

    asyncio.run(serve(hub, visit))
    assert agreed == [0]
